//! What is new in each refusal: no plan may depend on it, nor be saved with it.

use super::AwsError;
use super::ids;

/// The texts that one request has to itself.
pub(super) struct Fresh {
    /// Its id, another one than in the last run.
    pub(super) request_id: String,
    now: u64,
}

impl Fresh {
    /// Those of a request, from its id in this process and the time in microseconds.
    pub(super) fn new(request_id: &str, now: u64) -> Self {
        let number = request_id.bytes().fold(now, |number, byte| {
            number.wrapping_mul(31).wrapping_add(byte.into())
        });
        Fresh {
            request_id: ids::request_id(number),
            now,
        }
    }

    /// The refusal with these texts behind its sentence: ids and times in forms that AWS uses in one place or another,
    /// and in some that it does not use yet.
    pub(super) fn refusal(&self, error: AwsError) -> AwsError {
        let id = self.request_id.replace('-', "");
        let (short, word) = (id[..16].to_uppercase(), words(&id));
        let at = jiff::Timestamp::from_microsecond(self.now.cast_signed()).unwrap_or_default();
        let message = format!(
            "{} (Status Code: {}; Request ID: {}; Extended Request ID: {short}+/{id}=; trace Root=1-{}-{}) at {} or {}, \
             case {word}, reported as {id}{short}{word}.",
            error.message,
            error.status,
            self.request_id,
            &id[..8],
            &id[8..],
            at.strftime("%a, %d %b %Y %H:%M:%S%.6f GMT"),
            self.now,
        );
        AwsError { message, ..error }
    }
}

/// An id of letters alone, as no pattern of ids expects it.
fn words(id: &str) -> String {
    id.bytes().map(|byte| char::from(b'a' + byte % 26)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_refusal_is_like_another_although_all_are_the_same() {
        let refused = |request_id: &str, now| {
            let error = AwsError::new("AccessDenied", "No.");
            Fresh::new(request_id, now).refusal(error)
        };
        let all = [refused("a", 1), refused("b", 1), refused("a", 2)].map(|error| error.message);
        assert!(all[0] != all[1] && all[0] != all[2], "{all:?}");
        assert!(all.iter().all(|message| message.starts_with("No. (")), "{all:?}");
    }
}

//! The `aws-chunked` content encoding, in which some clients send S3's payloads with a checksum behind them.

use http::HeaderMap;

use super::AwsError;

/// The payload without its encoding.
pub(super) fn plain(headers: &HeaderMap, body: &[u8]) -> Result<Vec<u8>, AwsError> {
    let starts = |name: &str, prefix: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with(prefix))
    };
    if starts("content-encoding", "aws-chunked") || starts("x-amz-content-sha256", "STREAMING-") {
        unchunk(body)
            .ok_or_else(|| AwsError::new("IncompleteBody", "The request body terminated unexpectedly"))
    } else {
        Ok(body.to_vec())
    }
}

/// Each chunk is `hex-length[;extension]\r\n data \r\n`; one of length 0 ends the data, and trailers may follow.
fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut data = Vec::new();
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
        let head = std::str::from_utf8(&rest[..end]).ok()?;
        let length = usize::from_str_radix(head.split(';').next()?.trim(), 16).ok()?;
        rest = &rest[end + 2..];
        if length == 0 {
            return Some(data);
        }
        let chunk = rest.get(..length)?;
        data.extend_from_slice(chunk);
        rest = rest[length..].strip_prefix(b"\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_put_together() {
        let body = b"4\r\nWiki\r\n5;chunk-signature=00\r\npedia\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n";
        assert_eq!(unchunk(body).unwrap(), b"Wikipedia");
        assert_eq!(unchunk(b"0\r\n\r\n").unwrap(), b"");
    }

    #[test]
    fn a_torn_body_is_refused() {
        assert!(unchunk(b"9\r\nWiki\r\n").is_none());
        assert!(unchunk(b"").is_none());
        assert!(unchunk(b"xyz\r\n").is_none());
    }
}

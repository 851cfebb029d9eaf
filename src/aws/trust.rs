//! Which certificate authorities are trusted: the machine's own, or those of a company's bundle.
//!
//! As botocore does it, `AWS_CA_BUNDLE` comes before the profile's `ca_bundle`, and a bundle stands in the place of the
//! machine's own authorities. (AWS SDKs and Tools Reference Guide, "General configuration")

use std::error::Error;
use std::path::PathBuf;

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, RootCertStore};

use crate::Surroundings;
use crate::credentials::Profiles;
use crate::error::ConnectError;
use crate::text::causes;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The authorities of the bundle that is configured; nothing where none is.
pub(crate) fn configured(
    around: &Surroundings,
    profiles: &Profiles,
) -> Result<Option<TlsContext>, ConnectError> {
    let of_profile = || {
        Some((
            profiles.selected("ca_bundle")?.to_owned(),
            "the profile's `ca_bundle`",
        ))
    };
    let of_environment = around
        .variable("AWS_CA_BUNDLE")
        .map(|file| (file, "AWS_CA_BUNDLE"));
    let Some((file, from)) = of_environment.or_else(of_profile) else {
        return Ok(None);
    };
    let bad = |why: String| ConnectError::CaBundle {
        file: file.clone(),
        from,
        why,
    };
    let text = std::fs::read(path(&file, around)).map_err(|error| bad(format!("cannot be read: {error}")))?;
    let mut store = TrustStore::empty();
    let mut is_empty = true;
    for certificate in certificates(&String::from_utf8_lossy(&text)) {
        store = store.with_pem_certificate(certificate);
        is_empty = false;
    }
    if is_empty {
        return Err(bad("holds no certificate in PEM form".to_owned()));
    }
    let context = TlsContext::builder().with_trust_store(store).build();
    context.map(Some).map_err(|error| bad(error.to_string()))
}

/// The file's path, with the home folder for a leading `~/`.
fn path(file: &str, around: &Surroundings) -> PathBuf {
    match (file.strip_prefix("~/"), around.variable("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(file),
    }
}

/// Each certificate of a bundle that can serve as an authority. A bundle may hold old ones that cannot; they are left out,
/// as OpenSSL does.
fn certificates(bundle: &str) -> impl Iterator<Item = &str> {
    bundle.match_indices(BEGIN).filter_map(|(start, _)| {
        let length = bundle[start..].find(END)? + END.len();
        let pem = &bundle[start..start + length];
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
        RootCertStore::empty().add(certificate).is_ok().then_some(pem)
    })
}

/// Why a certificate is not trusted, if that is what the error is about: another attempt finds the same one.
pub(crate) fn untrusted(error: &(dyn Error + 'static)) -> Option<String> {
    let refused = causes(error).find_map(|cause| match cause.downcast_ref::<rustls::Error>() {
        Some(rustls::Error::InvalidCertificate(why)) => Some(why),
        _ => None,
    })?;
    Some(match refused {
        CertificateError::UnknownIssuer => {
            "the certificate of the other side is signed by an authority that is not trusted here".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the certificate of the other side has expired, by the clock of this machine".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate of the other side is not valid yet, by the clock of this machine".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate of the other side is for another host".to_owned()
        }
        other => format!("the certificate of the other side is not accepted: {other}"),
    })
}

#[cfg(test)]
mod tests {
    use aws_types::os_shim_internal::Env;

    use super::*;
    use crate::tests::around;

    #[tokio::test]
    async fn the_variable_comes_before_the_profile_and_a_bundle_that_cannot_be_used_is_an_error() {
        let home = env!("CARGO_MANIFEST_DIR");
        for (variable, of_profile, end) in [
            ("", "", Ok(false)),
            ("", "~/trust/bundle.pem", Ok(true)),
            ("~/trust/bundle.pem", "gone.pem", Ok(true)),
            (
                "gone.pem",
                "~/trust/bundle.pem",
                Err("gone.pem (from AWS_CA_BUNDLE) cannot be read"),
            ),
            (
                "",
                "~/Cargo.toml",
                Err("(from the profile's `ca_bundle`) holds no certificate"),
            ),
        ] {
            let key = if of_profile.is_empty() { "" } else { "ca_bundle = " };
            let around = Surroundings {
                env: Env::from_slice(&[("AWS_CA_BUNDLE", variable), ("HOME", home)]),
                ..around(&format!("[default]\nregion = eu-west-1\n{key}{of_profile}\n"))
            };
            let profiles = Profiles::load(None, &around).await.unwrap();
            match (configured(&around, &profiles), end) {
                (Ok(found), Ok(expected)) => assert_eq!(found.is_some(), expected, "{variable} {of_profile}"),
                (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
                (found, _) => panic!("{variable} {of_profile}: {found:?}"),
            }
        }
    }

    #[test]
    fn certificates_are_found_between_comments_and_bad_ones_are_left_out() {
        let bundle = include_str!("trust/bundle.pem");
        let found: Vec<&str> = certificates(bundle).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found
                .iter()
                .all(|pem| pem.starts_with(BEGIN) && pem.ends_with(END))
        );
        let broken = format!("{BEGIN}\nAAAA\n{END}\n{bundle}{BEGIN}\nno end");
        assert_eq!(certificates(&broken).collect::<Vec<_>>().len(), 2);
        assert_eq!(certificates("").count(), 0);
    }
}

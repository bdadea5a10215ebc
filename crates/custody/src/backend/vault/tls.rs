//! Who vouches for the server: certificates from a file.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};

use crate::fault::CustodyFault;

/// Where systems keep the authorities that they trust: Debian and Alpine, Red Hat, SUSE, BSD and macOS.
const SYSTEM: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Bytes of a file with certificates: a system's has 250 KiB.
const CERTIFICATE_BYTES: u64 = 4 * 1024 * 1024;

/// Trusts the authorities of a file, or of the system where none is named.
pub(super) fn config(ca_file: Option<&Path>) -> Result<TlsConfig, CustodyFault> {
    let system = || SYSTEM.iter().map(Path::new).find(|path| path.is_file());
    let path = ca_file.or_else(system).ok_or_else(|| CustodyFault::Setup {
        problem: "this system has no file with certificates where they usually are: name one with `ca-file=`".into(),
    })?;
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .root_certs(RootCerts::new_with_certs(&authorities(path)?))
        .build())
}

fn authorities(path: &Path) -> Result<Vec<Certificate<'static>>, CustodyFault> {
    let fault = |error: &std::io::Error| CustodyFault::io("read the certificates in", path, error);
    let file = std::fs::File::open(path).map_err(|error| fault(&error))?;
    let mut bytes = Vec::new();
    let read = std::io::Read::read_to_end(&mut std::io::Read::take(file, CERTIFICATE_BYTES + 1), &mut bytes);
    if read.map_err(|error| fault(&error))? as u64 > CERTIFICATE_BYTES {
        return Err(CustodyFault::FileTooLarge { path: path.into(), limit: CERTIFICATE_BYTES });
    }
    let certificates: Vec<_> = parse_pem(&bytes)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            Ok(_) | Err(_) => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(CustodyFault::Malformed { path: path.into(), problem: "it holds no certificate in PEM" });
    }
    Ok(certificates)
}

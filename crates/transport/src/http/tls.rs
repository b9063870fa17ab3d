//! Whom we trust. For `http` URLs nothing is read at all.

use std::sync::Arc;

use cloudmesh_model::{Error, Result};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::Settings;

pub(super) fn configuration(settings: &Settings, secure: bool) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|_| Error::internal("TLS cannot be set up"))?;
    let mut configuration = if secure && settings.insecure {
        tracing::warn!("certificates are not checked, as configured");
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(TrustAnyone(provider)))
            .with_no_client_auth()
    } else {
        let roots = if secure { roots(settings)? } else { RootCertStore::empty() };
        builder.with_root_certificates(roots).with_no_client_auth()
    };
    configuration.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(configuration)
}

fn roots(settings: &Settings) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for problem in &system.errors {
        tracing::debug!(%problem, "some of the system's certificates cannot be read");
    }
    roots.add_parsable_certificates(system.certs);
    if let Some(path) = &settings.cacert {
        let unreadable = |reason: String| {
            Error::bad_input(format!("the certificate file {} cannot be used: {reason}", path.display()))
        };
        let certificates = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>)
            .map_err(|reason| unreadable(reason.to_string()))?;
        if certificates.is_empty() {
            return Err(unreadable("there is no certificate (PEM) in it".to_owned()));
        }
        for certificate in certificates {
            roots.add(certificate).map_err(|reason| unreadable(reason.to_string()))?;
        }
    }
    if roots.is_empty() {
        return Err(Error::bad_input("this computer has no certificates of authorities")
            .hint("install the package ca-certificates, or name a file of certificates"));
    }
    Ok(roots)
}

/// Takes any certificate; signatures are still checked.
#[derive(Debug)]
struct TrustAnyone(Arc<CryptoProvider>);

impl ServerCertVerifier for TrustAnyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

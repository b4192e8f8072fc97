//! Keys and certificates of one cluster: an authority, the servers' and each client's.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType,
};

/// Who a certificate speaks for.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    /// File name without its extension.
    pub(crate) file: &'a str,
    /// The user name that Kubernetes sees.
    pub(crate) common_name: &'a str,
    /// The group that Kubernetes sees.
    pub(crate) organization: Option<&'a str>,
    /// Addresses a server answers at; empty for a client.
    pub(crate) addresses: &'a [IpAddr],
    /// Names a server answers to.
    pub(crate) names: &'a [&'a str],
}

/// Makes an authority and one key pair per subject, plus the key that signs service account tokens.
///
/// The answer maps file names (`ca.crt`, `admin.key`, `service-account.key`) to PEM text.
pub(crate) fn make(subjects: &[Subject<'_>]) -> anyhow::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    let ca_key = KeyPair::generate().context("generate the authority's key")?;
    let mut ca = CertificateParams::default();
    ca.distinguished_name = name("agent-stack-k8s-testbed", None);
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let certificate = ca.self_signed(&ca_key).context("sign the authority")?;
    files.insert("ca.crt".to_owned(), certificate.pem());
    files.insert("ca.key".to_owned(), ca_key.serialize_pem());
    let issuer = Issuer::new(ca, ca_key);
    for subject in subjects {
        let key = KeyPair::generate().with_context(|| format!("generate a key for {}", subject.file))?;
        let certificate = leaf(subject)?
            .signed_by(&key, &issuer)
            .with_context(|| format!("sign the certificate of {}", subject.file))?;
        files.insert(format!("{}.crt", subject.file), certificate.pem());
        files.insert(format!("{}.key", subject.file), key.serialize_pem());
    }
    let tokens = KeyPair::generate().context("generate the service accounts' key")?;
    files.insert("service-account.key".to_owned(), tokens.serialize_pem());
    files.insert("service-account.pub".to_owned(), tokens.public_key_pem());
    Ok(files)
}

fn leaf(subject: &Subject<'_>) -> anyhow::Result<CertificateParams> {
    let names: Vec<String> = subject.names.iter().map(|name| (*name).to_owned()).collect();
    let mut params =
        CertificateParams::new(names).with_context(|| format!("name the certificate of {}", subject.file))?;
    params.subject_alt_names.extend(subject.addresses.iter().copied().map(SanType::IpAddress));
    params.distinguished_name = name(subject.common_name, subject.organization);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = if subject.addresses.is_empty() {
        vec![ExtendedKeyUsagePurpose::ClientAuth]
    } else {
        vec![ExtendedKeyUsagePurpose::ServerAuth]
    };
    Ok(params)
}

fn name(common_name: &str, organization: Option<&str>) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    if let Some(organization) = organization {
        name.push(DnType::OrganizationName, organization);
    }
    name.push(DnType::CommonName, common_name);
    name
}

/// Writes the files, readable by the owner only.
pub(crate) fn write(files: &BTreeMap<String, String>, dir: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
    for (file, content) in files {
        let path = dir.join(file);
        fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut out| out.write_all(content.as_bytes()))
            .with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_gets_a_pair_and_tokens_get_a_key() {
        let subjects = [
            Subject {
                file: "server",
                common_name: "server",
                organization: None,
                addresses: &[IpAddr::from([127, 0, 0, 1])],
                names: &["localhost"],
            },
            Subject {
                file: "admin",
                common_name: "admin",
                organization: Some("system:masters"),
                addresses: &[],
                names: &[],
            },
        ];
        let files = make(&subjects).unwrap();
        let names: Vec<_> = files.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "admin.crt",
                "admin.key",
                "ca.crt",
                "ca.key",
                "server.crt",
                "server.key",
                "service-account.key",
                "service-account.pub",
            ]
        );
    }

    #[test]
    fn servers_and_clients_are_told_apart() {
        let addresses = [IpAddr::from([10, 0, 0, 1])];
        let server =
            Subject { file: "s", common_name: "s", organization: None, addresses: &addresses, names: &[] };
        let client = Subject { addresses: &[], ..server };
        assert_eq!(leaf(&server).unwrap().extended_key_usages, [ExtendedKeyUsagePurpose::ServerAuth]);
        assert_eq!(leaf(&client).unwrap().extended_key_usages, [ExtendedKeyUsagePurpose::ClientAuth]);
    }
}

//! Container images as OCI layouts in a tar, with one uncompressed layer each.
//!
//! Uncompressed because the file is read once, on the machine that wrote it.
//! Times are zero and order is fixed, so equal contents give equal digests.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::json;
use sha2::{Digest as _, Sha256};

/// What an image runs and under which names it is known.
#[derive(Debug, Clone)]
pub(crate) struct ImageConfig {
    /// Full reference names, for example `docker.io/library/busybox:latest`.
    pub(crate) names: Vec<String>,
    /// First words of the command line; what a container's `args` are added to.
    pub(crate) entrypoint: Vec<String>,
    /// Words used when a container gives none.
    pub(crate) cmd: Vec<String>,
    /// Environment of every process.
    pub(crate) env: BTreeMap<String, String>,
}

/// A layer under construction: a tar whose paths are written once each.
pub(crate) struct Layer {
    tar: tar::Builder<Vec<u8>>,
}

impl Layer {
    /// An empty layer.
    pub(crate) fn new() -> Self {
        Self { tar: tar::Builder::new(Vec::new()) }
    }

    /// Adds a directory.
    pub(crate) fn directory(&mut self, path: &str, mode: u32) -> io::Result<()> {
        let mut header = header(tar::EntryType::Directory, mode, 0);
        self.tar.append_data(&mut header, format!("{path}/"), io::empty())
    }

    /// Adds a file that belongs to root.
    pub(crate) fn file(&mut self, path: &str, mode: u32, content: &[u8]) -> io::Result<()> {
        let size = u64::try_from(content.len()).expect("a file in memory fits in 64 bits");
        let mut header = header(tar::EntryType::Regular, mode, size);
        self.tar.append_data(&mut header, path, content)
    }

    /// Adds a symbolic link.
    pub(crate) fn symlink(&mut self, path: &str, target: &str) -> io::Result<()> {
        let mut header = header(tar::EntryType::Symlink, 0o777, 0);
        self.tar.append_link(&mut header, path, target)
    }

    /// Adds an entry of another tar under a path of our choice, and a hard link's target likewise.
    pub(crate) fn copy(
        &mut self,
        path: &str,
        link: Option<&str>,
        mut header: tar::Header,
        content: impl io::Read,
    ) -> io::Result<()> {
        header.set_mtime(0);
        match link {
            Some(target) => self.tar.append_link(&mut header, path, target),
            None => self.tar.append_data(&mut header, path, content),
        }
    }

    /// The finished tar.
    pub(crate) fn finish(self) -> io::Result<Vec<u8>> {
        self.tar.into_inner()
    }
}

fn header(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

/// Writes the image as an OCI layout in a tar that `ctr images import` reads.
pub(crate) fn write_layout(out: impl Write, layer: &[u8], config: &ImageConfig) -> io::Result<()> {
    let layer_digest = digest(layer);
    let env: Vec<String> = config.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let image = json!({
        "architecture": architecture(),
        "os": "linux",
        "config": {"Entrypoint": config.entrypoint, "Cmd": config.cmd, "Env": env},
        "rootfs": {"type": "layers", "diff_ids": [layer_digest]},
    })
    .to_string()
    .into_bytes();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("application/vnd.oci.image.config.v1+json", &image),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
    })
    .to_string()
    .into_bytes();
    let manifests: Vec<_> = config
        .names
        .iter()
        .map(|name| {
            let mut entry = descriptor("application/vnd.oci.image.manifest.v1+json", &manifest);
            entry["annotations"] = json!({"io.containerd.image.name": name});
            entry
        })
        .collect();
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": manifests,
    })
    .to_string();

    let mut tar = tar::Builder::new(out);
    let mut add = |path: String, content: &[u8]| {
        let size = u64::try_from(content.len()).expect("a file in memory fits in 64 bits");
        let mut header = header(tar::EntryType::Regular, 0o644, size);
        tar.append_data(&mut header, path, content)
    };
    add("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    add("index.json".to_owned(), index.as_bytes())?;
    for blob in [&manifest[..], &image, layer] {
        add(format!("blobs/sha256/{}", hex(&Sha256::digest(blob))), blob)?;
    }
    tar.into_inner()?.flush()
}

fn descriptor(media_type: &str, blob: &[u8]) -> serde_json::Value {
    json!({"mediaType": media_type, "digest": digest(blob), "size": blob.len()})
}

fn digest(blob: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(blob)))
}

/// The machine's architecture in the words of OCI and Go.
pub(crate) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn layout() -> BTreeMap<String, Vec<u8>> {
        let mut layer = Layer::new();
        layer.directory("bin", 0o755).unwrap();
        layer.file("bin/sh", 0o755, b"shell").unwrap();
        layer.symlink("bin/ash", "sh").unwrap();
        let config = ImageConfig {
            names: vec!["example.test/one:1".into(), "example.test/two:2".into()],
            entrypoint: vec!["sh".into()],
            cmd: vec![],
            env: BTreeMap::from([("PATH".into(), "/bin".into())]),
        };
        let mut out = Vec::new();
        write_layout(&mut out, &layer.finish().unwrap(), &config).unwrap();
        let mut archive = tar::Archive::new(&out[..]);
        archive
            .entries()
            .unwrap()
            .map(|entry| {
                let mut entry = entry.unwrap();
                let path = entry.path().unwrap().display().to_string();
                let mut content = Vec::new();
                entry.read_to_end(&mut content).unwrap();
                (path, content)
            })
            .collect()
    }

    fn json_at(layout: &BTreeMap<String, Vec<u8>>, path: &str) -> serde_json::Value {
        serde_json::from_slice(&layout[path]).unwrap()
    }

    fn blob_path(descriptor: &serde_json::Value) -> String {
        format!("blobs/{}", descriptor["digest"].as_str().unwrap().replace(':', "/"))
    }

    #[test]
    fn every_blob_is_named_by_its_digest_and_size() {
        let layout = layout();
        let manifest_entry = &json_at(&layout, "index.json")["manifests"][0];
        let manifest = json_at(&layout, &blob_path(manifest_entry));
        for descriptor in [manifest_entry, &manifest["config"], &manifest["layers"][0]] {
            let blob = &layout[&blob_path(descriptor)];
            assert_eq!(descriptor["digest"], digest(blob));
            assert_eq!(descriptor["size"], blob.len());
        }
    }

    #[test]
    fn the_layer_is_its_own_diff_id_and_every_name_stands_in_the_index() {
        let layout = layout();
        let index = json_at(&layout, "index.json");
        let names: Vec<_> = index["manifests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["annotations"]["io.containerd.image.name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["example.test/one:1", "example.test/two:2"]);
        let manifest = json_at(&layout, &blob_path(&index["manifests"][0]));
        let image = json_at(&layout, &blob_path(&manifest["config"]));
        assert_eq!(image["rootfs"]["diff_ids"][0], manifest["layers"][0]["digest"]);
        assert_eq!(image["config"]["Env"][0], "PATH=/bin");
    }

    #[test]
    fn the_same_contents_give_the_same_bytes() {
        assert_eq!(layout(), layout());
    }
}

//! Images as the cluster keeps them: an OCI layout in a tar, with one uncompressed layer.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// No description of an image is longer, in bytes.
const DESCRIPTION: u64 = 64 * 1024;

/// The layout's file at the place where the layer begins, which is a tar with an end of its own.
pub(super) fn layer(layout: &Path) -> Result<File> {
    let mut places = BTreeMap::new();
    let mut descriptions = BTreeMap::new();
    let mut archive = tar::Archive::new(File::open(layout)?);
    for entry in archive.entries_with_seek()? {
        let mut entry = entry?;
        let path = entry.path()?.display().to_string();
        places.insert(path.clone(), entry.raw_file_position());
        if entry.size() <= DESCRIPTION {
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            descriptions.insert(path, content);
        }
    }
    let description = |path: &str| -> Result<Value> {
        let content = descriptions.get(path).with_context(|| format!("no {path} in it"))?;
        serde_json::from_slice(content).with_context(|| format!("{path} is no JSON"))
    };
    let manifest = description(&blob(&description("index.json")?["manifests"][0]["digest"])?)?;
    let path = blob(&manifest["layers"][0]["digest"])?;
    let place = *places.get(&path).with_context(|| format!("no {path} in it"))?;
    let mut file = File::open(layout)?;
    file.seek(SeekFrom::Start(place))?;
    Ok(file)
}

/// Where the blob of a digest lies.
fn blob(digest: &Value) -> Result<String> {
    let digest = digest.as_str().context("a digest is missing")?;
    Ok(format!("blobs/{}", digest.replace(':', "/")))
}

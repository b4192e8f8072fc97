//! A PodTemplate manifest from a file, in the place of the one in the cluster.

use serde_json::Value;

use super::source::{Source, Unreadable};

/// What the builder needs of a PodTemplate, and what it is called.
#[derive(Debug)]
pub(super) struct PodTemplate {
    file: String,
    name: Option<String>,
    /// `template.spec` (job-manifest 1.1).
    pub(super) spec: Value,
}

/// Reads a manifest of kind PodTemplate.
pub(super) fn read(source: &Source) -> Result<PodTemplate, Unreadable> {
    let document = source.document()?;
    let root = document.root();
    if root.get("kind").and_then(|kind| kind.as_str()) != Some("PodTemplate") {
        return Err(source.refuse(root, "expected a manifest with `kind: PodTemplate`"));
    }
    let spec = root.get("template").and_then(|template| template.get("spec"));
    let spec = spec.ok_or_else(|| source.refuse(root, "the PodTemplate has no template.spec"))?;
    let name = root.get("metadata").and_then(|metadata| metadata.get("name")).and_then(|name| name.as_str());
    Ok(PodTemplate { file: source.name.clone(), name: name.map(str::to_owned), spec: spec.to_json() })
}

impl PodTemplate {
    /// The job has to name this template; one without a name fits every job.
    pub(super) fn must_be(&self, named: &str) -> Result<(), Unreadable> {
        match &self.name {
            Some(name) if name != named => Err(Unreadable::new(format!(
                "{}: is the PodTemplate `{name}`, but the job names `{named}`",
                self.file
            ))),
            _ => Ok(()),
        }
    }
}

//! PodTemplate manifests from files, in the place of those in the cluster.

use serde_json::Value;
use yaml_source::Dialect;

use super::source::{Source, Unreadable};

/// What the builder needs of a PodTemplate, and what it is called.
#[derive(Debug)]
pub(super) struct PodTemplate {
    name: Option<String>,
    /// `template.spec` (job-manifest 1.1).
    spec: Value,
}

/// Reads a manifest of kind PodTemplate.
pub(super) fn read(source: &Source) -> Result<PodTemplate, Unreadable> {
    let document = source.document(Dialect::Config)?;
    let root = document.root();
    if root.get("kind").and_then(|kind| kind.as_str()) != Some("PodTemplate") {
        return Err(source.refuse(root, "expected a manifest with `kind: PodTemplate`"));
    }
    let spec = root.get("template").and_then(|template| template.get("spec"));
    let spec = spec.ok_or_else(|| source.refuse(root, "the PodTemplate has no template.spec"))?;
    let name = root.get("metadata").and_then(|metadata| metadata.get("name")).and_then(|name| name.as_str());
    Ok(PodTemplate { name: name.map(str::to_owned), spec: spec.to_json() })
}

/// The `template.spec` of the template of this name; one without a name is any.
pub(super) fn find<'a>(templates: &'a [PodTemplate], named: &str) -> Option<&'a Value> {
    let called = |name: Option<&str>| templates.iter().find(|template| template.name.as_deref() == name);
    let found = called(Some(named)).or_else(|| called(None));
    found.map(|template| &template.spec)
}

//! The defaults for containers: checkout, command and sidecar parameters, metadata (5.5 to 5.7).

use pipeline_model::shape::ObjectType;
use pipeline_model::{CHECKOUT_PARAMS, COMMAND_PARAMS, GIT_MIRRORS, METADATA, SIDECAR_PARAMS};
use podspec_builder::{CheckoutParams, CommandParams, GitMirrors, Metadata, SidecarParams};
use yaml_source::Node;

use crate::file::join;
use crate::reader::Reader;
use crate::value::Misfit;

/// The keys are those of the plugin block's groups, so they are looked up in its table.
fn keys(of: &'static ObjectType) -> Vec<&'static str> {
    of.names().collect()
}

pub(crate) fn checkout(reader: &mut Reader<'_>) -> CheckoutParams {
    let root = "default-checkout-params";
    let mut params = CheckoutParams::default();
    let Some(node) = reader.file_only(root) else {
        return params;
    };
    for (key, node) in reader.members(node, root, &keys(&CHECKOUT_PARAMS)) {
        let path = join(root, key);
        match key {
            "skip" => params.skip = reader.bool_field(node, &path),
            "checkoutFlags" => params.checkout_flags = reader.text_field(node, &path),
            "cleanFlags" => params.clean_flags = reader.text_field(node, &path),
            "cloneFlags" => params.clone_flags = reader.text_field(node, &path),
            "fetchFlags" => params.fetch_flags = reader.text_field(node, &path),
            "noSubmodules" => params.no_submodules = reader.bool_field(node, &path),
            "submoduleCloneConfig" => params.submodule_clone_config = reader.texts_field(node, &path),
            "gitMirrors" => params.git_mirrors = git_mirrors(reader, node, &path),
            "gitCredentialsSecret" => params.git_credentials_secret = reader.kubernetes_object(node, &path),
            "envFrom" => params.env_from = reader.kubernetes_objects(node, &path),
            "extraVolumeMounts" => params.extra_volume_mounts = reader.kubernetes_objects(node, &path),
            other => unreachable!("`{other}` is listed as known but not read"),
        }
    }
    params
}

fn git_mirrors<'a>(reader: &mut Reader<'a>, node: &'a Node, path: &str) -> GitMirrors {
    let mut mirrors = GitMirrors::default();
    for (key, node) in reader.members(node, path, &keys(&GIT_MIRRORS)) {
        let path = join(path, key);
        match key {
            "path" => mirrors.path = reader.text_field(node, &path),
            "volume" => mirrors.volume = reader.kubernetes_object(node, &path),
            "cloneFlags" => mirrors.clone_flags = reader.text_field(node, &path),
            "lockTimeout" => {
                mirrors.lock_timeout = reader.int_field(node, &path).unwrap_or_default();
                if mirrors.lock_timeout < 0 {
                    let misfit = Misfit::new(format!("is {}, but must be at least 0", mirrors.lock_timeout));
                    reader.field::<()>(Err(misfit), node, &path);
                }
            }
            "skipUpdate" => mirrors.skip_update = reader.bool_field(node, &path),
            other => unreachable!("`{other}` is listed as known but not read"),
        }
    }
    mirrors
}

pub(crate) fn command(reader: &mut Reader<'_>) -> CommandParams {
    let root = "default-command-params";
    let mut params = CommandParams::default();
    let Some(node) = reader.file_only(root) else {
        return params;
    };
    for (key, node) in reader.members(node, root, &keys(&COMMAND_PARAMS)) {
        let path = join(root, key);
        match key {
            "interposer" => {
                let word = reader.text_field(node, &path).filter(|word| !word.is_empty());
                let read = word.map(|word| word.parse().map_err(|error| Misfit::new(format!("{error}"))));
                params.interposer = read.and_then(|read| reader.field(read, node, &path));
            }
            "envFrom" => params.env_from = reader.kubernetes_objects(node, &path),
            "extraVolumeMounts" => params.extra_volume_mounts = reader.kubernetes_objects(node, &path),
            other => unreachable!("`{other}` is listed as known but not read"),
        }
    }
    params
}

pub(crate) fn sidecar(reader: &mut Reader<'_>) -> SidecarParams {
    let root = "default-sidecar-params";
    let mut params = SidecarParams::default();
    let Some(node) = reader.file_only(root) else {
        return params;
    };
    for (key, node) in reader.members(node, root, &keys(&SIDECAR_PARAMS)) {
        let path = join(root, key);
        match key {
            "envFrom" => params.env_from = reader.kubernetes_objects(node, &path),
            "extraVolumeMounts" => params.extra_volume_mounts = reader.kubernetes_objects(node, &path),
            other => unreachable!("`{other}` is listed as known but not read"),
        }
    }
    params
}

pub(crate) fn metadata(reader: &mut Reader<'_>) -> Metadata {
    let root = "default-metadata";
    let mut metadata = Metadata::default();
    let Some(node) = reader.file_only(root) else {
        return metadata;
    };
    for (key, node) in reader.members(node, root, &keys(&METADATA)) {
        let path = join(root, key);
        match key {
            "annotations" => metadata.annotations = reader.text_map(node, &path),
            "labels" => metadata.labels = reader.text_map(node, &path),
            other => unreachable!("`{other}` is listed as known but not read"),
        }
    }
    metadata
}

//! The rows of `docs/spec/job-manifest.md` 10, as data in `fixtures/manifest/`, so that row and test can
//! be held side by side. `fixtures/manifest/README.md` explains the notation.

pub(crate) mod config;
mod patches;
mod policy;
mod pull_policies;
pub(crate) mod row;
mod view;

use row::check_file;

#[test]
fn plugin_parsing() {
    check_file("fixtures/manifest/plugin.yaml");
}

#[test]
fn shape_and_metadata() {
    check_file("fixtures/manifest/shape.yaml");
}

#[test]
fn workspace_and_volumes() {
    check_file("fixtures/manifest/volumes.yaml");
}

#[test]
fn checkout_parameters() {
    check_file("fixtures/manifest/checkout.yaml");
}

#[test]
fn command_containers() {
    check_file("fixtures/manifest/commands.yaml");
}

#[test]
fn sidecars_and_step_image() {
    check_file("fixtures/manifest/sidecars.yaml");
}

#[test]
fn images_and_checks() {
    check_file("fixtures/manifest/images.yaml");
}

#[test]
fn agent_configuration() {
    check_file("fixtures/manifest/agent.yaml");
}

#[test]
fn resource_classes() {
    check_file("fixtures/manifest/resource_classes.yaml");
}

#[test]
fn agent_tags() {
    check_file("fixtures/manifest/tags.yaml");
}

#[test]
fn configuration_checks() {
    check_file("fixtures/manifest/configuration.yaml");
}

#[test]
fn patches_of_the_block() {
    check_file("fixtures/manifest/patches.yaml");
}

#[test]
fn pods_that_patches_changed() {
    check_file("fixtures/manifest/patched_pods.yaml");
}

#[test]
fn patches_of_the_controller() {
    check_file("fixtures/manifest/controller_patches.yaml");
}

#[test]
fn pod_policy() {
    check_file("fixtures/manifest/policy.yaml");
}

#[test]
fn integration_fixtures() {
    check_file("fixtures/manifest/integration.yaml");
}

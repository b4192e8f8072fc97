//! The controller's own settings against its own policy (controller-config 5.10).

use serde_json::Value;
use shared_json::Value as Shared;

use super::judge::{Judge, Violation};
use super::walk;
use crate::error::Warning;
use crate::patch::Author;
use crate::schema::{self, Kind};
use crate::settings::{Settings, patch};

/// Names each part of the configuration that no pod may have (W-22): there is no exemption for what the
/// controller adds, so jobs that get it will be refused.
pub(crate) fn warnings(settings: &Settings) -> Vec<Warning> {
    let Some(policy) = &settings.pod_policy else { return Vec::new() };
    let mut parts = Parts(Judge::new(policy, &settings.image, None));
    parts.volumes(settings);
    parts.sources(settings);
    parts.resource_classes(settings);
    parts.image_checks(settings);
    parts.patch(settings);
    parts.0.given_labels(&settings.default_metadata.labels, "default-metadata.labels");
    let warning = |Violation { rule, what, path }: Violation| {
        let key = rule.key();
        let why = format!("{what}: `pod-policy.{key}` refuses each job that gets it");
        Warning::new("W-22", format!("{why}; change this setting or the policy")).at(path)
    };
    parts.0.into_violations().into_iter().map(warning).collect()
}

struct Parts<'a>(Judge<'a>);

impl Parts<'_> {
    fn object(&mut self, kind: Kind, object: Option<&Value>, key: &str) {
        if let Some(object) = object {
            self.shared(kind, &object.into(), key);
        }
    }

    fn shared(&mut self, kind: Kind, object: &Shared, key: &str) {
        walk::value(kind, object, &mut key.to_owned(), &mut |place| self.0.place(place));
    }

    fn volumes(&mut self, settings: &Settings) {
        self.object(schema::VOLUME, settings.workspace_volume.as_ref(), "workspace-volume");
        if let Some(config) = &settings.agent_config {
            self.object(schema::VOLUME, config.hooks_volume.as_ref(), "agent-config.hooksVolume");
            for (index, hook) in config.additional_hooks.iter().enumerate() {
                let key = format!("agent-config.additional-hooks[{index}].volume");
                self.object(schema::VOLUME, hook.volume.as_ref(), &key);
            }
            self.object(schema::VOLUME, config.plugins_volume.as_ref(), "agent-config.pluginsVolume");
            let signing = config.signing_jwks_volume.as_ref();
            self.object(schema::VOLUME, signing, "agent-config.signingJWKSVolume");
            let verification = config.verification_jwks_volume.as_ref();
            self.object(schema::VOLUME, verification, "agent-config.verificationJWKSVolume");
        }
        let checkout = &settings.default_checkout_params;
        let mirrors = checkout.git_mirrors.volume.as_ref();
        self.object(schema::VOLUME, mirrors, "default-checkout-params.gitMirrors.volume");
        self.object(
            schema::SECRET_VOLUME_SOURCE,
            checkout.git_credentials_secret.as_ref(),
            "default-checkout-params.gitCredentialsSecret",
        );
    }

    fn sources(&mut self, settings: &Settings) {
        for (key, list) in [
            ("default-checkout-params.envFrom", &settings.default_checkout_params.env_from),
            ("default-command-params.envFrom", &settings.default_command_params.env_from),
            ("default-sidecar-params.envFrom", &settings.default_sidecar_params.env_from),
        ] {
            self.object(schema::ENV_FROM, Some(&Value::Array(list.clone())), key);
        }
    }

    fn resource_classes(&mut self, settings: &Settings) {
        for (name, class) in settings.resource_classes.iter().flatten() {
            let key = format!("resource-classes.{name}");
            if let Some(resources) = &class.resource {
                self.0.container_resources(&resources.into(), &format!("{key}.resource"));
            }
            if let Some(resources) = &class.pod_resource {
                self.0.pod_resources(&resources.into(), &format!("{key}.podResource"));
            }
            self.0.node_selector(
                class.node_selector.keys().map(String::as_str),
                &format!("{key}.nodeSelector"),
            );
        }
    }

    /// What the patch gives to every pod; what it takes away is not there to be judged.
    fn patch(&mut self, settings: &Settings) {
        // One that is malformed has been refused before.
        let Some(Ok(given)) = settings.pod_spec_patch.as_ref().map(|patch| patch::alone(&patch.into()))
        else {
            return;
        };
        let key = Author::Controller.key();
        self.0.given_pod(&given, key);
        self.shared(schema::POD_SPEC, &Shared::Object(given), key);
    }

    fn image_checks(&mut self, settings: &Settings) {
        if settings.skip_image_check_containers {
            return;
        }
        for (name, key, text) in [
            ("cpu", "image-check-container-cpu-limit", &settings.image_check_container_cpu_limit),
            ("memory", "image-check-container-memory-limit", &settings.image_check_container_memory_limit),
        ] {
            self.0.container_amount(name, text, key);
        }
    }
}

//! Reads the Kubernetes objects inside the configuration (job-manifest 3): strictly, an unknown key is
//! E-36. Merge directives are known keys inside `pod-spec-patch`.

use pipeline_model::{CheckoutParams, CommandParams, SidecarParams};
use serde_json::{Value, json};
use shared_json::Value as Shared;

use super::{AgentConfig, Settings, SettingsProblem};
use crate::error::{BuildError, Warning};
use crate::patch::Author;
use crate::read::{Reader, UnknownKeys};
use crate::schema::{self, Kind};

/// Replaces every object by what the reader makes of it. The warnings are those of.
pub(crate) fn read(settings: &mut Settings) -> Result<Vec<Warning>, SettingsProblem> {
    let mut reader = ObjectReader(Reader::new(UnknownKeys::Refuse));
    reader.one("workspace-volume", schema::VOLUME, &mut settings.workspace_volume)?;
    if let Some(config) = &mut settings.agent_config {
        reader.agent_config(config)?;
    }
    reader.checkout_params(&mut settings.default_checkout_params)?;
    reader.command_params(&mut settings.default_command_params)?;
    reader.sidecar_params(&mut settings.default_sidecar_params)?;
    reader.patch(&mut settings.pod_spec_patch)?;
    for (name, class) in settings.resource_classes.iter_mut().flatten() {
        let key = format!("resource-classes.{name}");
        reader.one(&format!("{key}.resource"), schema::RESOURCE_REQUIREMENTS, &mut class.resource)?;
        reader.one(&format!("{key}.podResource"), schema::RESOURCE_REQUIREMENTS, &mut class.pod_resource)?;
    }
    Ok(reader.0.warnings)
}

fn problem(error: BuildError) -> SettingsProblem {
    SettingsProblem::new("E-36", error.path, error.message, error.hint.unwrap_or_default())
}

struct ObjectReader(Reader);

impl ObjectReader {
    /// Null means absent.
    fn one(&mut self, key: &str, kind: Kind, object: &mut Option<Value>) -> Result<(), SettingsProblem> {
        *object = match object.take().filter(|value| !value.is_null()) {
            Some(value) => Some(self.read(key, kind, &value)?),
            None => None,
        };
        Ok(())
    }

    fn list(&mut self, key: &str, kind: Kind, list: &mut Vec<Value>) -> Result<(), SettingsProblem> {
        let Value::Array(read) = self.read(key, kind, &Value::Array(std::mem::take(list)))? else {
            unreachable!("a list is read as a list")
        };
        *list = read;
        Ok(())
    }

    fn read(&mut self, key: &str, kind: Kind, value: &Value) -> Result<Value, SettingsProblem> {
        Ok(self.0.read(kind, &Shared::from(value), key).map_err(problem)?.into())
    }

    fn patch(&mut self, patch: &mut Option<Value>) -> Result<(), SettingsProblem> {
        let key = Author::Controller.key();
        let written = match patch.take() {
            None | Some(Value::Null) => return Ok(()),
            Some(list @ Value::Array(_)) => {
                let message =
                    "a patch is a mapping; this list was taken as its `containers`: write it that way";
                self.0.warnings.push(Warning::new("W-18", message).at(key));
                json!({ "containers": list })
            }
            Some(patch) => patch,
        };
        *patch = Some(self.0.read_patch(&Shared::from(written), key).map_err(problem)?.into());
        Ok(())
    }

    fn agent_config(&mut self, config: &mut AgentConfig) -> Result<(), SettingsProblem> {
        self.one("agent-config.hooksVolume", schema::VOLUME, &mut config.hooks_volume)?;
        for (index, hook) in config.additional_hooks.iter_mut().enumerate() {
            let key = format!("agent-config.additional-hooks[{index}].volume");
            self.one(&key, schema::VOLUME, &mut hook.volume)?;
        }
        self.one("agent-config.pluginsVolume", schema::VOLUME, &mut config.plugins_volume)?;
        self.one("agent-config.signingJWKSVolume", schema::VOLUME, &mut config.signing_jwks_volume)?;
        self.one("agent-config.verificationJWKSVolume", schema::VOLUME, &mut config.verification_jwks_volume)
    }

    fn checkout_params(&mut self, params: &mut CheckoutParams) -> Result<(), SettingsProblem> {
        self.one(
            "default-checkout-params.gitMirrors.volume",
            schema::VOLUME,
            &mut params.git_mirrors.volume,
        )?;
        self.one(
            "default-checkout-params.gitCredentialsSecret",
            schema::SECRET_VOLUME_SOURCE,
            &mut params.git_credentials_secret,
        )?;
        self.list("default-checkout-params.envFrom", schema::ENV_FROM, &mut params.env_from)?;
        self.list(
            "default-checkout-params.extraVolumeMounts",
            schema::VOLUME_MOUNTS,
            &mut params.extra_volume_mounts,
        )
    }

    fn command_params(&mut self, params: &mut CommandParams) -> Result<(), SettingsProblem> {
        self.list("default-command-params.envFrom", schema::ENV_FROM, &mut params.env_from)?;
        let mounts = &mut params.extra_volume_mounts;
        self.list("default-command-params.extraVolumeMounts", schema::VOLUME_MOUNTS, mounts)
    }

    fn sidecar_params(&mut self, params: &mut SidecarParams) -> Result<(), SettingsProblem> {
        self.list("default-sidecar-params.envFrom", schema::ENV_FROM, &mut params.env_from)?;
        let mounts = &mut params.extra_volume_mounts;
        self.list("default-sidecar-params.extraVolumeMounts", schema::VOLUME_MOUNTS, mounts)
    }
}

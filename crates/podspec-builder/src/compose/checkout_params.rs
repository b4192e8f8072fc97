//! The checkout parameters in force: the controller's, overlaid by the block's (job-manifest ).

use pipeline_model::CheckoutParams;
use shared_json::Value;

use crate::draft::Inputs;

/// Effective checkout parameters.
pub(crate) struct EffectiveCheckout<'a> {
    pub(crate) skip: bool,
    pub(crate) checkout_flags: Option<&'a str>,
    pub(crate) clean_flags: Option<&'a str>,
    pub(crate) clone_flags: Option<&'a str>,
    pub(crate) fetch_flags: Option<&'a str>,
    pub(crate) no_submodules: Option<bool>,
    pub(crate) submodule_clone_config: &'a [String],
    pub(crate) mirrors: EffectiveMirrors<'a>,
    pub(crate) credentials: Option<Supplied<'a>>,
    /// The controller's entries, then the block's.
    pub(crate) env_from: [&'a [Value]; 2],
}

/// Effective `gitMirrors`.
pub(crate) struct EffectiveMirrors<'a> {
    pub(crate) path: Option<&'a str>,
    pub(crate) volume: Option<Supplied<'a>>,
    pub(crate) clone_flags: Option<&'a str>,
    /// Seconds, greater than 0.
    pub(crate) lock_timeout: Option<i64>,
    pub(crate) skip_update: Option<bool>,
}

/// A value and who gave it, which decides how strong its mount is.
#[derive(Clone, Copy)]
pub(crate) struct Supplied<'a> {
    pub(crate) value: &'a Value,
    pub(crate) by_block: bool,
}

/// Where mirrors are kept when only their volume is given.
const DEFAULT_MIRRORS_PATH: &str = "/buildkite/git-mirrors";

impl<'a> EffectiveCheckout<'a> {
    pub(crate) fn of(inputs: Inputs<'a>) -> Self {
        let (block, default) = (&inputs.plugin.checkout, &inputs.prepared.checkout);
        let text = |field: fn(&CheckoutParams<Value>) -> &Option<String>| {
            field(block).as_deref().or(field(default).as_deref())
        };
        let config = &block.submodule_clone_config;
        Self {
            skip: block.skip.or(default.skip).unwrap_or(false),
            checkout_flags: text(|params| &params.checkout_flags),
            clean_flags: text(|params| &params.clean_flags),
            clone_flags: text(|params| &params.clone_flags),
            fetch_flags: text(|params| &params.fetch_flags),
            no_submodules: block.no_submodules.or(default.no_submodules),
            submodule_clone_config: if config.is_empty() { &default.submodule_clone_config } else { config },
            mirrors: EffectiveMirrors {
                path: text(|params| &params.git_mirrors.path),
                volume: supplied(&block.git_mirrors.volume, &default.git_mirrors.volume),
                clone_flags: text(|params| &params.git_mirrors.clone_flags),
                lock_timeout: [block.git_mirrors.lock_timeout, default.git_mirrors.lock_timeout]
                    .into_iter()
                    .find(|seconds| *seconds > 0),
                skip_update: block.git_mirrors.skip_update.or(default.git_mirrors.skip_update),
            },
            credentials: supplied(&block.git_credentials_secret, &default.git_credentials_secret),
            env_from: [&default.env_from, &block.env_from],
        }
    }
}

impl<'a> EffectiveMirrors<'a> {
    /// The path given, else the default one if there is a volume.
    pub(crate) fn effective_path(&self) -> Option<&'a str> {
        self.path.or(self.volume.map(|_| DEFAULT_MIRRORS_PATH))
    }
}

fn supplied<'a>(block: &'a Option<Value>, default: &'a Option<Value>) -> Option<Supplied<'a>> {
    let from_block = block.as_ref().map(|value| Supplied { value, by_block: true });
    from_block.or(default.as_ref().map(|value| Supplied { value, by_block: false }))
}

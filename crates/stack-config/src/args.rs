//! The command line as it was typed. Nothing is interpreted here: values stay text until
//! [`crate::load`] knows all sources.

use std::collections::BTreeMap;

use clap::error::Error;
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};

use crate::keys::{Kind, LEFTOVERS, SCALARS};

/// The flags of all settings; flatten it into the binary's arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Args {
    /// `-f`, `--config`.
    pub(crate) config: Option<String>,
    /// Flag to its words, in the order typed.
    pub(crate) given: BTreeMap<&'static str, Vec<String>>,
    /// Flags that are accepted without effect, with their words. Never printed.
    pub(crate) leftovers: BTreeMap<&'static str, Vec<String>>,
}

impl Args {
    /// The same command line with this configuration file.
    #[must_use]
    pub fn with_config(&self, path: impl Into<String>) -> Self {
        Self { config: Some(path.into()), ..self.clone() }
    }
}

impl clap::Args for Args {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new("config")
            .short('f')
            .long("config")
            .value_name("FILE")
            .overrides_with("config")
            .help("Configuration file, YAML or JSON [variable: CONFIG]");
        let settings = SCALARS.iter().map(|scalar| {
            let help = format!("{} [variable: {}]", scalar.help, scalar.variable());
            flag(scalar.key, scalar.kind).help(help)
        });
        let leftovers = LEFTOVERS.iter().flat_map(|leftover| {
            let kind = if leftover.boolean { Kind::Bool } else { Kind::Text };
            leftover.flags.iter().map(move |name| flag(name, kind).hide(true))
        });
        command.arg(config).args(settings).args(leftovers)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// Switches take their value only behind `=`, so that a following word stays a word of its own.
fn flag(name: &'static str, kind: Kind) -> Arg {
    let arg = Arg::new(name).long(name);
    match kind {
        Kind::Bool => arg
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_name("BOOL")
            .overrides_with(name),
        Kind::List => arg.action(ArgAction::Append).value_name("LIST"),
        Kind::Int => arg.value_name("NUMBER").overrides_with(name),
        Kind::Duration => arg.value_name("DURATION").overrides_with(name),
        Kind::Text => arg.value_name("TEXT").overrides_with(name),
    }
}

impl FromArgMatches for Args {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut args = Self::default();
        args.update_from_arg_matches(matches)?;
        Ok(args)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        let words = |name: &str| -> Option<Vec<String>> {
            Some(matches.get_many::<String>(name)?.cloned().collect())
        };
        if let Some(path) = words("config").and_then(|mut words| words.pop()) {
            self.config = Some(path);
        }
        for scalar in &SCALARS {
            if let Some(words) = words(scalar.key) {
                self.given.insert(scalar.key, words);
            }
        }
        for name in LEFTOVERS.iter().flat_map(|leftover| leftover.flags) {
            if let Some(words) = words(name) {
                self.leftovers.insert(name, words);
            }
        }
        Ok(())
    }
}

//! Logs on standard output (`docs/spec/controller-config.md` 4.5).

use std::io::IsTerminal as _;

use stack_config::{LogFormat, Logging};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Libraries whose own chatter says nothing about jobs.
const QUIET: [&str; 7] =
    ["h2=warn", "hyper=warn", "hyper_util=warn", "kube=warn", "reqwest=warn", "rustls=warn", "tower=warn"];

/// Installs the subscriber of this process.
pub(crate) fn install(logging: &Logging) {
    let mut filter = EnvFilter::new(logging.level.as_str());
    for directive in QUIET {
        if let Ok(directive) = directive.parse() {
            filter = filter.add_directive(directive);
        }
    }
    let registry = tracing_subscriber::registry().with(filter);
    match logging.format {
        LogFormat::Json => {
            let layer = tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false);
            registry.with(layer).init();
        }
        LogFormat::Logfmt => {
            let color = logging.color && std::io::stdout().is_terminal();
            // Of a span only its fields matter: they name the job.
            let layer = tracing_logfmt::builder()
                .with_ansi_color(color)
                .with_target(false)
                .with_span_name(false)
                .with_span_path(false)
                .layer();
            registry.with(layer).init();
        }
    }
}

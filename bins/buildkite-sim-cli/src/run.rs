//! `run`: a pipeline from its file to its result.

mod follow;

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::Context;
use buildkite_sim::pipeline::{self, PipelineError, interpolate};
use indexmap::IndexMap;
use serde_json::{Value, json};
use tokio::signal::unix::{Signal, SignalKind, signal};
use url::Url;

use crate::arguments::{ColorChoice, Place, RunArguments};
use crate::client::{Build, Client, ClientError};
use crate::embedded::{self, Consent, Embedded};
use crate::serve::Server;
use follow::Follower;

const PASSED: u8 = 0;
const FAILED: u8 = 1;
const INVALID: u8 = 2;
const INTERRUPTED: u8 = 130;

/// Runs the command.
pub(crate) async fn run(mut arguments: RunArguments) -> anyhow::Result<u8> {
    if arguments.cluster == Some(Place::Embedded) {
        // Jobs have directories of their own.
        arguments.repository = arguments.repository.map(|repository| from_anywhere(&repository));
    }
    let request = match request(&arguments) {
        Ok(request) => request,
        Err(error) => {
            writeln!(io::stderr(), "error: {error:#}")?;
            return Ok(INVALID);
        }
    };
    for note in &request.notes {
        writeln!(io::stderr(), "note: {note}")?;
    }
    let colors = with_colors(arguments.color);
    match (&arguments.endpoint, arguments.cluster) {
        (Some(url), _) => build(&Client::new(url)?, url, &request.body, colors).await,
        (None, None) => {
            let server = Server::bind(arguments.server.clone()).await?;
            writeln!(io::stderr(), "{}", server.instructions())?;
            on_server(server, &request.body, colors, arguments.keep).await
        }
        (None, Some(Place::Embedded)) => in_embedded_cluster(&arguments, &request, colors).await,
    }
}

/// Serves until the build has ended, and with `keep` on from there.
async fn on_server(server: Server, request: &Value, colors: bool, keep: bool) -> anyhow::Result<u8> {
    let local = Url::parse(&server.local_url).context("failed to name the own address")?;
    let public = Url::parse(&server.url).context("failed to name the public address")?;
    let client = Client::new(&local)?.with_key(server.key.clone());
    let built = async {
        let status = build(&client, &public, request, colors).await?;
        if keep && status != INVALID && status != INTERRUPTED {
            // An interrupt that comes as soon as the line is read counts.
            let mut stop = StopSignals::listen()?;
            write_out(&[format!("Keeping the page {public} until you interrupt this")])?;
            stop.next().await;
        }
        Ok(status)
    };
    tokio::select! {
        biased;
        served = server.serve() => served.and(Err(anyhow::anyhow!("the server ended by itself"))),
        built = built => built,
    }
}

/// Runs the build on nothing but this process, if the user agrees.
async fn in_embedded_cluster(
    arguments: &RunArguments,
    request: &Request,
    colors: bool,
) -> anyhow::Result<u8> {
    if request.means_containers && !arguments.yes {
        match embedded::ask(&arguments.file)? {
            Consent::Yes => {}
            Consent::No => anyhow::bail!("not run, as you wish"),
            Consent::NobodyToAsk => {
                writeln!(
                    io::stderr(),
                    "error: there is no terminal to ask on whether to go on: --yes agrees"
                )?;
                return Ok(INVALID);
            }
        }
    }
    let server = Server::bind_closed(arguments.server.clone()).await?;
    writeln!(io::stderr(), "{}", embedded::introduction(&server))?;
    let embedded = Embedded::new(&server)?;
    tokio::select! {
        biased;
        ended = embedded.run() => ended.and(Err(anyhow::anyhow!("the embedded cluster ended by itself"))),
        built = on_server(server, &request.body, colors, arguments.keep) => built,
    }
}

/// A path that leads to the same place from every directory; anything else as it is.
fn from_anywhere(repository: &str) -> String {
    let path = Path::new(repository);
    match path.exists().then(|| std::path::absolute(path)) {
        Some(Ok(path)) => path.display().to_string(),
        _ => repository.to_owned(),
    }
}

/// What the file asks for.
struct Request {
    /// Body of the request that creates the build.
    body: Value,
    /// What the user should know about the file.
    notes: Vec<String>,
    /// A step says in which containers it runs.
    means_containers: bool,
}

/// Reads the file.
fn request(arguments: &RunArguments) -> anyhow::Result<Request> {
    let file = &arguments.file;
    let text = std::fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))?;
    let name = file.display().to_string();
    let slug = arguments.pipeline.clone().unwrap_or_else(|| slug(file));
    let message = arguments.message.clone().unwrap_or_else(|| file_name(file));
    let mut steps = pipeline::read_yaml(&text, &name)?;
    if !arguments.no_interpolation {
        steps = interpolate::interpolate(&steps, &known(arguments, &slug, &message))
            .map_err(|error| in_file(&name, &error))?;
    }
    let parsed = pipeline::parse_json(&steps).map_err(|error| in_file(&name, &error))?;
    let mut notes = Vec::new();
    if !parsed.inert_keys.is_empty() {
        let keys = parsed.inert_keys.join("`, `");
        notes.push(format!("{name}: `{keys}` at the top level has no meaning to Buildkite and is not used"));
    }
    let env: IndexMap<&str, &str> =
        arguments.env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut body = json!({
        "pipeline": steps,
        "slug": slug,
        "branch": arguments.branch,
        "commit": arguments.commit,
        "message": message,
        "env": env,
        "unblock": arguments.unblock,
    });
    for (key, value) in [("tag", &arguments.tag), ("repository", &arguments.repository)] {
        if let Some(value) = value {
            body[key] = json!(value);
        }
    }
    Ok(Request { body, notes, means_containers: parsed.uses_plugin("kubernetes") })
}

fn in_file(file: &str, error: &PipelineError) -> anyhow::Error {
    anyhow::anyhow!("{file}: {error}")
}

/// What the uploading job would know in a real build, as far as it can be known here.
fn known(arguments: &RunArguments, slug: &str, message: &str) -> IndexMap<String, String> {
    let facts = [
        ("BUILDKITE", "true"),
        ("CI", "true"),
        ("BUILDKITE_BRANCH", &arguments.branch),
        ("BUILDKITE_COMMIT", &arguments.commit),
        ("BUILDKITE_MESSAGE", message),
        ("BUILDKITE_PIPELINE_SLUG", slug),
        ("BUILDKITE_TAG", arguments.tag.as_deref().unwrap_or_default()),
        ("BUILDKITE_REPO", arguments.repository.as_deref().unwrap_or_default()),
    ];
    let facts = facts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    facts.chain(arguments.env.iter().cloned()).collect()
}

fn file_name(file: &Path) -> String {
    file.file_name().map_or_else(|| "Local build".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Lower-case letters, digits and hyphens, from the file's name without its ending.
fn slug(file: &Path) -> String {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
    let words: Vec<&str> =
        stem.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "local".to_owned() } else { words.join("-") }
}

fn with_colors(choice: ColorChoice) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    }
}

/// Signals that ask this process to end.
struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
    /// The terminal is gone; processes of steps must not outlive it unseen.
    hangup: Signal,
}

impl StopSignals {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("failed to listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            biased;
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

/// Creates the build and follows it to its end.
async fn build(client: &Client, url: &Url, request: &Value, colors: bool) -> anyhow::Result<u8> {
    let build = match client.create(request).await {
        Ok(build) => build,
        Err(ClientError::Refused { status: 400..=499, message }) => {
            writeln!(io::stderr(), "error: {message}")?;
            return Ok(INVALID);
        }
        Err(error) => return Err(error.into()),
    };
    let mut follower = Follower::new(client.clone(), &build, colors);
    let page = url.origin().ascii_serialization();
    write_out(&[format!("Build #{} of {}, page {page}/builds/{}", build.number, build.pipeline, build.id)])?;
    let mut signals = StopSignals::listen()?;
    let mut interrupted = false;
    loop {
        let step = tokio::select! {
            biased;
            () = signals.next() => None,
            step = follower.step() => Some(step?),
        };
        match step {
            Some(step) => {
                write_out(&step.lines)?;
                if let Some(build) = step.ended {
                    return Ok(status(&build, interrupted));
                }
            }
            None if !interrupted => {
                interrupted = true;
                write_out(&["Canceling the build; interrupt again to leave at once".to_owned()])?;
                match client.cancel(&build.id).await {
                    // It may have ended in this moment: the next look will tell.
                    Ok(()) | Err(ClientError::Refused { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            None => return Ok(INTERRUPTED),
        }
    }
}

fn status(build: &Build, interrupted: bool) -> u8 {
    match build.state.as_str() {
        _ if interrupted => INTERRUPTED,
        "passed" | "not_run" => PASSED,
        _ => FAILED,
    }
}

/// Writes lines at once; when nobody reads any more, that is not a failure of the build.
fn write_out(lines: &[String]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let mut text = lines.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_come_from_file_names() {
        for (file, want) in [
            ("hello.yml", "hello"),
            ("a/b/Two_Words v2.yaml", "two-words-v2"),
            (".buildkite/pipeline.yml", "pipeline"),
            ("/", "local"),
            ("___.yml", "local"),
        ] {
            assert_eq!(slug(Path::new(file)), want, "{file}");
        }
    }
}

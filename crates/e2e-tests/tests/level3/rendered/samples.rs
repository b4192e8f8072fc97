//! Sample pipelines and sample jobs.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use e2e_tests::node_pipelines;

use super::{Rendered, Renderer, Shown};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// Files of a folder with this ending, in order.
fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|end| end == ending));
    paths.sort();
    Ok(paths)
}

/// The Jobs of `fixtures/jobs`, which are written down as they were built.
pub(super) fn of_jobs() -> Result<Vec<Shown>> {
    let snapshot = |path: PathBuf| {
        let text = std::fs::read_to_string(&path)?;
        let (_, manifest) = text.split_once("\n---\n").context("a snapshot has a head")?;
        Ok(Shown { name: name_of(&path), job: Ok(serde_yaml::from_str(manifest)?) })
    };
    files(&fixtures().join("jobs"), "snap")?.into_iter().map(snapshot).collect()
}

/// The Jobs of all sample pipelines, each under the configuration and with the template that lie beside it.
pub(super) async fn of_pipelines(renderer: &Renderer) -> Result<Vec<Shown>> {
    let mut shown = Vec::new();
    for folder in ["pipelines", "pipelines/features"] {
        for path in files(&fixtures().join(folder), "yml")? {
            let mut words = vec![path.clone(), "--matrix".into(), "all".into()];
            for (flag, ending) in [("--config", "config.yaml"), ("--pod-template", "pod-template.yaml")] {
                let beside = path.with_extension(ending);
                if beside.exists() {
                    words.extend([flag.into(), beside]);
                }
            }
            shown.extend(several(&name_of(&path), render(renderer, &words).await?));
        }
    }
    shown.extend(of_the_node(renderer).await?);
    Ok(shown)
}

/// Those of level 4, under the controllers of their queues.
async fn of_the_node(renderer: &Renderer) -> Result<Vec<Shown>> {
    let objects = node_pipelines::objects(str::to_owned);
    let template = objects.iter().find(|object| object["kind"] == "PodTemplate").context("a PodTemplate")?;
    let template = renderer.file("pod-template.json", &template.to_string())?;
    let mut shown = Vec::new();
    for pipeline in node_pipelines::all() {
        let path = renderer.file(&pipeline.name, &pipeline.text)?;
        let config = node_pipelines::controller(&pipeline.queue);
        let words = ["--matrix", "all", "--job-env", "GIT_SERVER=git.example", "--config"].map(PathBuf::from);
        let words = words.into_iter().chain([config, "--pod-template".into(), template.clone(), path]);
        let words: Vec<PathBuf> = words.collect();
        shown.extend(several(&format!("run/{}", pipeline.name), render(renderer, &words).await?));
    }
    Ok(shown)
}

async fn render(renderer: &Renderer, words: &[PathBuf]) -> Result<Rendered> {
    let words: Vec<&Path> = words.iter().map(PathBuf::as_path).collect();
    renderer.render(&words).await
}

/// Folder and name.
fn name_of(path: &Path) -> String {
    let parts: Vec<_> =
        path.components().rev().take(2).map(|part| part.as_os_str().to_string_lossy()).collect();
    format!("{}/{}", parts[1], parts[0])
}

/// The Jobs of one file by number, and the steps that are refused before the server is asked.
fn several(file: &str, rendered: Rendered) -> Vec<Shown> {
    let jobs = (1..)
        .zip(rendered.jobs)
        .map(|(number, job)| Shown { name: format!("{file} {number}"), job: Ok(job) });
    let refusals = refusals(&rendered.said);
    let refused =
        refusals.into_iter().map(|(step, said)| Shown { name: format!("{file} {step}"), job: Err(said) });
    jobs.chain(refused).collect()
}

/// For each error its step, as `step 3`, and all that is said of it. An error that names no step stands for the file.
fn refusals(said: &str) -> Vec<(String, String)> {
    let mut refusals: Vec<(String, String)> = Vec::new();
    let mut is_error = false;
    for line in said.lines() {
        if line.starts_with("error") {
            is_error = true;
            let step = line.split(": ").find(|part| part.starts_with("step "));
            let step = step.and_then(|step| step.split(' ').nth(1)).map(|number| format!("step {number}"));
            refusals.push((step.unwrap_or_else(|| "whole".to_owned()), line.to_owned()));
        } else if line.starts_with("warning") {
            is_error = false;
        } else if is_error && let Some((_, said)) = refusals.last_mut() {
            said.push('\n');
            said.push_str(line);
        }
    }
    refusals
}

#[test]
fn each_refused_step_is_named() {
    let said = "warning: p.yml:1:3: step 1 (\"a: b\"): becomes 2 jobs\n\
                error[E-41]: p.yml:2:5: step 2 (\"policy\"): not allowed:\n- denied-images: `x`\nchange the step\n\
                warning[W-5]: p.yml:3:5: step 3: no label\n- as said\n\
                error[E-4]: p.yml:4:5: step 12: expected list\n";
    let found = refusals(said);
    let found: Vec<(&str, &str)> = found.iter().map(|(step, said)| (step.as_str(), said.as_str())).collect();
    let policy =
        "error[E-41]: p.yml:2:5: step 2 (\"policy\"): not allowed:\n- denied-images: `x`\nchange the step";
    let list = "error[E-4]: p.yml:4:5: step 12: expected list";
    assert_eq!(found, [("step 2", policy), ("step 12", list)]);
    assert_eq!(refusals("error[E-36]: imagee: unknown\n")[0].0, "whole");
}

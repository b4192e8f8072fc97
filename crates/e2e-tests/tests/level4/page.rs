//! The simulator's page in a real browser.

use std::time::Duration;

use buildkite_sim::BuildState;
use e2e_tests::browser::Browser;
use e2e_tests::scenario::{BUILD, Scenario};
use e2e_tests::testbed::Testbed;
use e2e_tests::wait;
use fantoccini::{Client, Locator};

const PATIENCE: Duration = Duration::from_secs(30);

/// From the list of builds to the log of a job that runs in a pod; the log grows and the build
/// becomes green in the same document.
#[tokio::test(flavor = "multi_thread")]
async fn a_running_build_becomes_green_on_the_page() {
    let (testbed, _order) = Testbed::shared().await;
    let scenario = Scenario::start(testbed, "page", |options| options).await;
    let build = scenario.buildkite.create_build("live-log.yml", |_| {});
    let browser = Browser::open().await.unwrap();
    let page = &browser.client;
    page.goto(&scenario.buildkite.url).await.unwrap();
    let row = Locator::Css("a.build:not([data-state=passed])");
    page.wait().at_most(PATIENCE).for_element(row).await.unwrap().click().await.unwrap();
    page.wait().at_most(PATIENCE).for_element(Locator::Css("#build")).await.unwrap();
    // A document that is loaded again has no such mark.
    page.execute("window.firstDocument = true", Vec::new()).await.unwrap();

    let green = Locator::Css("#log span.fg-2");
    let span = match page.wait().at_most(BUILD).for_element(green).await {
        Ok(span) => span,
        Err(error) => panic!("{error}: no green text\n{}", scenario.describe(build)),
    };
    assert_eq!(span.text().await.unwrap(), "this line is green");
    let around = page.find(Locator::Css("#log")).await.unwrap();
    let color = span.css_value("color").await.unwrap();
    assert_ne!(color, around.css_value("color").await.unwrap(), "the class has a colour of its own");
    page.find(Locator::Css("#build:not([data-state=passed])")).await.expect("the step is running");
    assert!(!log(page).await.unwrap().contains("the word is forty-two"));

    let answers = [("word".to_owned(), "forty-two".to_owned())].into_iter().collect();
    scenario.buildkite.simulator.unblock(build, Some("go-on"), &answers).unwrap();
    wait::until("the new line is on the page", PATIENCE, || async {
        let text = log(page).await?;
        if text.contains("the word is forty-two") { Ok(()) } else { Err(text) }
    })
    .await;
    let settled = scenario.settled(build).await;
    assert_eq!(settled.state, BuildState::Passed, "{}", scenario.describe(build));
    let green = Locator::Css("#build[data-state=passed]");
    page.wait().at_most(PATIENCE).for_element(green).await.expect("the page shows the green build");
    let mark = page.execute("return window.firstDocument === true", Vec::new()).await.unwrap();
    assert_eq!(mark, serde_json::Value::Bool(true), "the page was loaded again");
    page.clone().close().await.unwrap();
    scenario.end().await;
}

/// What a reader of the log sees.
async fn log(page: &Client) -> Result<String, String> {
    let log = page.find(Locator::Css("#log")).await.map_err(|error| error.to_string())?;
    log.text().await.map_err(|error| error.to_string())
}

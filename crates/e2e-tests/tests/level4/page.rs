//! The simulator's page in a real browser.

use std::time::Duration;

use buildkite_sim::BuildState;
use e2e_tests::browser::Browser;
use e2e_tests::scenario::Scenario;
use e2e_tests::testbed::Testbed;
use e2e_tests::wait;
use fantoccini::Locator;

/// From the list of builds to the green build, and to the log of the job that ran in a pod.
#[tokio::test(flavor = "multi_thread")]
async fn the_green_build_and_its_log_are_on_the_page() {
    let (testbed, _order) = Testbed::shared().await;
    let scenario = Scenario::start(testbed, "page", |options| options).await;
    let build = scenario.run("sidecar.yml").await;
    assert_eq!(build.state, BuildState::Passed, "{}", scenario.describe(build.id));

    let browser = Browser::open().await.unwrap();
    let page = &browser.client;
    let patience = Duration::from_secs(30);
    page.goto(&scenario.buildkite.url).await.unwrap();
    let row =
        page.wait().at_most(patience).for_element(Locator::Css("a.build[data-state=passed]")).await.unwrap();
    row.click().await.unwrap();
    page.wait().at_most(patience).for_element(Locator::Css("#build[data-state=passed]")).await.unwrap();
    wait::until("the log is on the page", patience, || async {
        let log = page.find(Locator::Css("#log")).await.map_err(|error| error.to_string())?;
        let text = log.text().await.map_err(|error| error.to_string())?;
        if text.contains("forty-two") { Ok(()) } else { Err(text) }
    })
    .await;
    page.clone().close().await.unwrap();
    scenario.end().await;
}

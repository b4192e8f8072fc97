//! Lists in pages.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::matching::ANY;
use super::stage::{names, version};
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    a_page_says_how_to_go_on,
    the_last_page_says_that_it_is_the_last,
    all_pages_are_of_one_version,
    what_is_created_between_pages_is_not_shown,
    what_is_deleted_between_pages_is_still_shown,
    a_selector_goes_on_through_pages,
    a_limit_as_large_as_the_list_needs_one_page,
    a_limit_of_zero_is_none,
    a_token_that_cannot_be_read_is_refused,
    a_token_and_a_version_exclude_each_other,
    a_limit_that_is_no_number_is_refused,
];

/// Secrets `a` to `e`.
async fn five(stage: &Stage) -> Result<()> {
    for name in ["a", "b", "c", "d", "e"] {
        stage.secret(name, json!({ "odd": (name == "a" || name == "c" || name == "e").to_string() })).await?;
    }
    Ok(())
}

/// The token for the next page, as it is written in a query.
fn token(page: &Value) -> String {
    let token = page["metadata"]["continue"].as_str().unwrap_or_default();
    token.replace('%', "%25").replace('+', "%2B").replace('=', "%3D").replace('/', "%2F")
}

/// The page after `page`.
async fn after(stage: &Stage, page: &Value, query: &str) -> Result<Value> {
    stage.get(&format!("secrets?{query}&continue={}", token(page))).await?.is(200)
}

/// Items in the order of their names, a token, and how many remain.
async fn a_page_says_how_to_go_on(stage: Stage) -> Outcome {
    five(&stage).await?;
    let expected = json!({
        "kind": "SecretList",
        "apiVersion": "v1",
        "metadata": { "resourceVersion": ANY, "continue": ANY, "remainingItemCount": 3 },
    });
    let page = stage.get("secrets?limit=2").await?.has(200, &expected)?;
    ensure!(names(&page) == ["a", "b"], "{page}");
    Ok(())
}

/// By having no token.
async fn the_last_page_says_that_it_is_the_last(stage: Stage) -> Outcome {
    five(&stage).await?;
    let first = stage.get("secrets?limit=2").await?.is(200)?;
    let second = after(&stage, &first, "limit=2").await?;
    ensure!(names(&second) == ["c", "d"] && second["metadata"]["remainingItemCount"] == 1, "{second}");
    let third = after(&stage, &second, "limit=2").await?;
    ensure!(names(&third) == ["e"], "{third}");
    for absent in ["continue", "remainingItemCount"] {
        ensure!(third["metadata"].get(absent).is_none(), "{third}");
    }
    Ok(())
}

/// That of the first.
async fn all_pages_are_of_one_version(stage: Stage) -> Outcome {
    five(&stage).await?;
    let first = stage.get("secrets?limit=2").await?.is(200)?;
    stage.secret("f", json!({})).await?;
    let second = after(&stage, &first, "limit=2").await?;
    ensure!(version(&first) == version(&second), "{first}\n{second}");
    Ok(())
}

/// Pages show one moment.
async fn what_is_created_between_pages_is_not_shown(stage: Stage) -> Outcome {
    five(&stage).await?;
    let first = stage.get("secrets?limit=2").await?.is(200)?;
    stage.secret("f", json!({})).await?;
    let rest = after(&stage, &first, "limit=9").await?;
    ensure!(names(&rest) == ["c", "d", "e"], "{rest}");
    Ok(())
}

/// The same.
async fn what_is_deleted_between_pages_is_still_shown(stage: Stage) -> Outcome {
    five(&stage).await?;
    let first = stage.get("secrets?limit=2").await?.is(200)?;
    stage.delete("secrets/d").await?.is(200)?;
    let rest = after(&stage, &first, "limit=9").await?;
    ensure!(names(&rest) == ["c", "d", "e"], "{rest}");
    Ok(())
}

/// The limit counts what is selected; what remains is not counted then.
async fn a_selector_goes_on_through_pages(stage: Stage) -> Outcome {
    five(&stage).await?;
    let first = stage.get("secrets?limit=2&labelSelector=odd%3Dtrue").await?.is(200)?;
    ensure!(names(&first) == ["a", "c"], "{first}");
    ensure!(first["metadata"].get("remainingItemCount").is_none(), "{first}");
    let second = after(&stage, &first, "limit=2&labelSelector=odd%3Dtrue").await?;
    ensure!(names(&second) == ["e"], "{second}");
    Ok(())
}

/// And no token.
async fn a_limit_as_large_as_the_list_needs_one_page(stage: Stage) -> Outcome {
    five(&stage).await?;
    let page = stage.get("secrets?limit=5").await?.is(200)?;
    ensure!(names(&page).len() == 5 && page["metadata"].get("continue").is_none(), "{page}");
    Ok(())
}

/// Everything comes.
async fn a_limit_of_zero_is_none(stage: Stage) -> Outcome {
    five(&stage).await?;
    let page = stage.get("secrets?limit=0").await?.is(200)?;
    ensure!(names(&page).len() == 5, "{page}");
    Ok(())
}

/// 400.
async fn a_token_that_cannot_be_read_is_refused(stage: Stage) -> Outcome {
    let answer = stage.get("secrets?limit=2&continue=nonsense").await?;
    answer.refused(400, "BadRequest", "~continue key is not valid", Value::Null)
}

/// The token holds the version.
async fn a_token_and_a_version_exclude_each_other(stage: Stage) -> Outcome {
    five(&stage).await?;
    let first = stage.get("secrets?limit=2").await?.is(200)?;
    let query = format!("secrets?limit=2&resourceVersion={}&continue={}", version(&first), token(&first));
    let message = "specifying resource version is not allowed when using continue";
    stage.get(&query).await?.refused(400, "BadRequest", message, Value::Null)
}

/// 400.
async fn a_limit_that_is_no_number_is_refused(stage: Stage) -> Outcome {
    let answer = stage.get("secrets?limit=many").await?;
    answer.refused(400, "BadRequest", "~invalid syntax", Value::Null)
}

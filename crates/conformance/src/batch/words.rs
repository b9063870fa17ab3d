//! Words that people give: they arrive as given, or are refused with nothing submitted.

use cloudmesh_model::{ErrorKind, Result};
use cloudmesh_resource::{OutputStream, Performed};

use super::bench::BatchBench;
use crate::case::case;
use crate::outcome::hold;
use crate::{Case, Outcome};

pub(super) static CASES: &[Case<BatchBench>] = &[
    case!(arguments_arrive_as_given_or_are_refused, ["submit_job"], []),
    case!(the_environment_arrives_as_given_or_is_refused, ["submit_job"], []),
    case!(names_of_jobs_come_back_as_given_or_are_refused, ["submit_job"], []),
    case!(a_script_arrives_as_given, ["submit_job"], []),
];

const WORDS: &[&str] = &[
    "plain",
    "",
    "two  words ",
    "'single' \"double\" `date` $HOME $(date) \\ \\n %s",
    "naïve 北京 🚀",
    "-n",
    "--help",
    "*",
    "~",
    "a;b|c&d>e<f",
    "tab\there",
    "two\nlines\n",
    "#SBATCH --hold",
    "\r",
];

/// Checks a refusal.
async fn refused(
    bench: &BatchBench,
    what: &str,
    id: &cloudmesh_model::ThingId,
    result: Result<Performed>,
) -> Outcome {
    bench.refused(what, result, &[ErrorKind::BadInput])?;
    hold!(bench.found(id).await?.is_empty(), "{what} is refused, and a job is there");
    Ok(())
}

async fn arguments_arrive_as_given_or_are_refused(bench: &BatchBench) -> Outcome {
    let mut accepted = Vec::new();
    for word in WORDS {
        let request = bench.request("for word; do printf '%s\\0' \"$word\"; done", |submit| {
            submit.arguments = vec!["before".to_owned(), (*word).to_owned(), "after".to_owned()];
        });
        let id = request.action.subject().1.clone();
        match bench.perform_one(request).await? {
            Ok(Performed { native: Some(native), .. }) => accepted.push((word, (id, native))),
            Ok(_) => return Err("a submission does not answer with the native id".to_owned().into()),
            result => refused(bench, &format!("the argument {word:?}"), &id, result).await?,
        }
    }
    hold!(accepted.len() >= WORDS.len() - 3, "most of the arguments are refused");
    for (word, submitted) in accepted {
        let job = bench.ended(&submitted).await?;
        let text = String::from_utf8_lossy(&bench.whole(&job, OutputStream::Output).await?).into_owned();
        hold!(text == format!("before\0{word}\0after\0"), "the argument {word:?} arrives as {text:?}");
    }
    let request = bench.request("true", |submit| submit.arguments = vec!["a\0b".to_owned()]);
    let id = request.action.subject().1.clone();
    let result = bench.perform_one(request).await?;
    refused(bench, "an argument with a zero byte", &id, result).await
}

async fn the_environment_arrives_as_given_or_is_refused(bench: &BatchBench) -> Outcome {
    let mut accepted = Vec::new();
    for word in WORDS {
        let request = bench.request("printf '%s\\0' \"$CONFORMANCE\" \"${_lower1-}\"", |submit| {
            submit.environment.insert("CONFORMANCE".to_owned(), (*word).to_owned());
            submit.environment.insert("_lower1".to_owned(), "x".to_owned());
        });
        let id = request.action.subject().1.clone();
        match bench.perform_one(request).await? {
            Ok(Performed { native: Some(native), .. }) => accepted.push((word, (id, native))),
            Ok(_) => return Err("a submission does not answer with the native id".to_owned().into()),
            result => refused(bench, &format!("the variable {word:?}"), &id, result).await?,
        }
    }
    hold!(accepted.len() >= WORDS.len() - 3, "most of the variables are refused");
    for (word, submitted) in accepted {
        let job = bench.ended(&submitted).await?;
        let text = String::from_utf8_lossy(&bench.whole(&job, OutputStream::Output).await?).into_owned();
        hold!(text == format!("{word}\0x\0"), "the variable {word:?} arrives as {text:?}");
    }
    for name in ["", "A=B", "A\0B"] {
        let request = bench.request("true", |submit| {
            submit.environment.insert(name.to_owned(), "x".to_owned());
        });
        let id = request.action.subject().1.clone();
        let result = bench.perform_one(request).await?;
        refused(bench, &format!("a variable called {name:?}"), &id, result).await?;
    }
    Ok(())
}

async fn names_of_jobs_come_back_as_given_or_are_refused(bench: &BatchBench) -> Outcome {
    let long = "x".repeat(255);
    let more = "北".repeat(255);
    let names = [
        "naïve 北京",
        "a rocket 🚀",
        "'single' \"double\" `date` $HOME \\ %j %x",
        "two  spaces",
        " spaces around ",
        "-begins-with-a-hyphen",
        "a|b,c;d:e=f",
        "12345",
        &long,
        &more,
        "two\nlines",
        "tab\there",
    ];
    for name in names {
        let request = bench.request("true", |submit| {
            submit.name = name.to_owned();
            submit.hold = true;
        });
        let id = request.action.subject().1.clone();
        match bench.perform_one(request).await? {
            Ok(Performed { native: Some(native), .. }) => {
                let job = bench.see(&(id, native)).await?;
                hold!(job.name == name, "the name {name:?} comes back as {:?}", job.name);
            }
            Ok(_) => return Err("a submission does not answer with the native id".to_owned().into()),
            result => refused(bench, &format!("the name {name:?}"), &id, result).await?,
        }
    }
    Ok(())
}

async fn a_script_arrives_as_given(bench: &BatchBench) -> Outcome {
    let mut script =
        b"#!/bin/sh\ncat \"$0\"; exit 0\n# na\xc3\xafve \xff \t 'quotes' \"more\" $HOME `date`\n".to_vec();
    while script.len() < 300_000 {
        script.extend(b"# a comment that fills the script\n");
    }
    script.extend(b"# no line end");
    let jobs = bench.submit_all(vec![bench.request_bytes(script.clone(), |_| ())]).await?;
    let job = bench.ended(&jobs[0]).await?;
    let bytes = bench.whole(&job, OutputStream::Output).await?;
    hold!(bytes == script, "{} bytes of script arrive as {}", script.len(), bytes.len());
    Ok(())
}

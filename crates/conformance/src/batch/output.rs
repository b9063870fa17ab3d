//! What jobs write.

use cloudmesh_model::job::JobStatus;
use cloudmesh_model::{ErrorKind, NativeId, ThingId};
use cloudmesh_resource::OutputStream;

use super::bench::{BatchBench, connect};
use crate::case::case;
use crate::outcome::hold;
use crate::{Case, Outcome};

pub(super) static CASES: &[Case<BatchBench>] = &[
    case!(both_outputs_come_back_each_by_itself, ["submit_job"], []),
    case!(output_is_read_in_pieces_from_any_byte_on, ["submit_job"], []),
    case!(a_big_output_is_complete, ["submit_job"], []),
    case!(binary_output_is_intact, ["submit_job"], []),
    case!(nothing_written_is_an_empty_chunk, ["submit_job"], []),
    case!(output_is_there_while_the_job_runs, ["submit_job"], []),
    case!(output_in_a_folder_of_the_users_choice_is_found, ["submit_job"], []),
    case!(a_job_without_a_folder_is_not_found, ["submit_job"], []),
];

async fn both_outputs_come_back_each_by_itself(bench: &BatchBench) -> Outcome {
    let job = bench.completed("echo good; echo bad >&2; printf 'no line end'", |_| ()).await?;
    let text = bench.text(&job).await?;
    hold!(text == "good\nno line end", "the output is {text:?}");
    let text = bench.whole(&job, OutputStream::Error).await?;
    hold!(text == b"bad\n", "the error output is {:?}", String::from_utf8_lossy(&text));
    // The same user in another process, and another installation of the same account that merely sees the job.
    let chunk = bench.second()?.output(&job, OutputStream::Output, 0, 100).await?;
    hold!(chunk.bytes == b"good\nno line end", "another process reads {chunk:?}");
    let mut seen = job.clone();
    if let Some(native) = &job.native {
        seen.id = ThingId::seen(bench.name(), native);
    }
    let chunk = connect(&bench.setup.user.elsewhere())?.output(&seen, OutputStream::Output, 0, 100).await?;
    hold!(chunk.bytes == b"good\nno line end", "another installation reads {chunk:?}");
    Ok(())
}

async fn output_is_read_in_pieces_from_any_byte_on(bench: &BatchBench) -> Outcome {
    let job = bench.completed("printf 0123456789", |_| ()).await?;
    for (from, limit, expected, more) in [
        (0, 100, "0123456789", false),
        (0, 10, "0123456789", false),
        (0, 9, "012345678", true),
        (3, 1, "3", true),
        (9, 1, "9", false),
        (10, 5, "", false),
        (1000, 5, "", false),
    ] {
        let chunk = bench.output(&job, OutputStream::Output, from, limit).await?;
        hold!(
            chunk.bytes == expected.as_bytes() && chunk.more == more,
            "{limit} bytes from {from} on are {:?}, more: {}",
            String::from_utf8_lossy(&chunk.bytes),
            chunk.more
        );
    }
    Ok(())
}

async fn a_big_output_is_complete(bench: &BatchBench) -> Outcome {
    const LINES: usize = 655_360;
    let script = format!("awk 'BEGIN {{ for (n = 0; n < {LINES}; n++) printf \"%07d\\n\", n }}'");
    let job = bench.completed(&script, |_| ()).await?;
    let bytes = bench.whole(&job, OutputStream::Output).await?;
    hold!(bytes.len() == LINES * 8, "{} bytes were written, {} come back", LINES * 8, bytes.len());
    let whole = bytes.chunks(8).enumerate().all(|(n, line)| line == format!("{n:07}\n").as_bytes());
    hold!(whole, "the lines are not those that were written");
    Ok(())
}

async fn binary_output_is_intact(bench: &BatchBench) -> Outcome {
    let expected: Vec<u8> = (0..4096_u32).map(|number| (number % 256) as u8).collect();
    let octal: String = (0..256).map(|byte| format!("\\{byte:03o}")).collect();
    let script = format!("for n in 1 2 3 4 5 6 7 8 9 a b c d e f g; do printf '{octal}'; done");
    let job = bench.completed(&script, |_| ()).await?;
    let bytes = bench.whole(&job, OutputStream::Output).await?;
    hold!(bytes == expected, "{} bytes come back, and they are not those that were written", bytes.len());
    let piece = bench.output(&job, OutputStream::Output, 1000, 300).await?;
    hold!(piece.bytes == expected[1000..1300], "a piece of it is not what was written");
    Ok(())
}

async fn nothing_written_is_an_empty_chunk(bench: &BatchBench) -> Outcome {
    let held = bench.submit("true", |submit| submit.hold = true).await?;
    let held = bench.see(&held).await?;
    let silent = bench.completed("true", |_| ()).await?;
    for job in [&held, &silent] {
        for stream in [OutputStream::Output, OutputStream::Error] {
            let chunk = bench.output(job, stream, 0, 100).await?;
            hold!(chunk.bytes.is_empty() && !chunk.more, "a job that wrote nothing wrote {chunk:?}");
        }
    }
    Ok(())
}

async fn output_is_there_while_the_job_runs(bench: &BatchBench) -> Outcome {
    let submitted = bench.submit("echo early; sleep 100; echo late", |_| ()).await?;
    let begun = std::time::Instant::now();
    loop {
        let job = bench.see(&submitted).await?;
        hold!(!job.status.ended(), "it ended as {job:?}");
        if job.status == JobStatus::Running {
            let chunk = bench.output(&job, OutputStream::Output, 0, 100).await?;
            if chunk.bytes == b"early\n" {
                return Ok(());
            }
            hold!(chunk.bytes.is_empty(), "it wrote {:?}", String::from_utf8_lossy(&chunk.bytes));
        }
        hold!(begun.elapsed() < bench.setup.patience, "what it wrote is not there while it runs");
        tokio::time::sleep(bench.setup.tick).await;
    }
}

async fn output_in_a_folder_of_the_users_choice_is_found(bench: &BatchBench) -> Outcome {
    let job = bench.completed("pwd", |submit| submit.folder = Some(bench.setup.folder.clone())).await?;
    let text = bench.text(&job).await?;
    let mark = job.mark.as_ref().map(ToString::to_string).unwrap_or_default();
    let expected = format!("/{}/{mark}\n", bench.setup.folder);
    hold!(text.ends_with(&expected), "it works in {text:?}, which does not end with {expected:?}");
    let folder = job.folder.clone().unwrap_or_default();
    hold!(text.trim_end().ends_with(&folder), "it works in {text:?}, and its folder is said to be {folder}");
    Ok(())
}

async fn a_job_without_a_folder_is_not_found(bench: &BatchBench) -> Outcome {
    let mut job = bench.completed("echo here", |_| ()).await?;
    job.id = ThingId::planned();
    job.native = Some(NativeId::from("77777777"));
    job.mark = Some(bench.mark(&job.id)?);
    let missing = job.mark.as_ref().map(ToString::to_string);
    job.folder = job.folder.and_then(|folder| Some(format!("{}/{}", folder.rsplit_once('/')?.0, missing?)));
    let result = bench.batch.output(&job, OutputStream::Output, 0, 100).await;
    bench.refused("the output of a job without a folder", result, &[ErrorKind::NotFound])?;
    Ok(())
}

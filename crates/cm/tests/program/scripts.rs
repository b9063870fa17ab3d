//! Scripts: how they are run, what stops them, what they may say.

use crate::support::{Home, Ran};

fn run(home: &Home, text: &str, arguments: &[&str]) -> Ran {
    home.write("lecture.cm", text);
    home.run(&[&["lecture.cm"], arguments].concat())
}

/// Standard output of a script that succeeds.
#[track_caller]
fn says(home: &Home, text: &str, expected: &str) {
    let ran = run(home, text, &["first", "second one"]).ok();
    assert_eq!(ran.stdout, expected, "{ran}");
}

#[test]
fn variables_defaults_and_settings_expand() {
    let home = Home::new();
    home.configure("cloudmesh:\n  profile:\n    user: albert\n");
    says(
        &home,
        "var course=e516 room='B 12'\ndefault image=ubuntu\n\
         echo $course-$room ${course}x \"$room\" '$room' \\$room $default.image.\n\
         echo --name=$room $cloudmesh.profile.user $1/$2/$# $? $@\n",
        "e516-B 12 e516x B 12 $room $room ubuntu.\n--name=B 12 albert first/second one/2 0 first second one\n",
    );
    let words = run(&home, "var list $nothing\n", &[]).refused(2, "no variable is called nothing");
    assert!(words.stderr.contains("\n  at lecture.cm:1: var list $nothing\n"), "{words}");
}

#[test]
fn old_spellings_of_variables_and_defaults_run() {
    let home = Home::new();
    let text =
        "var x=y\nvar x\ndefault zone=nova\ndefault zone\ndefault delete zone\nvar where=default.room\n";
    let ran = run(&home, text, &[]).expect(2);
    assert!(ran.stdout.contains("name: x\nvalue: y\n"), "{ran}");
    assert!(ran.stderr.contains("\n  at lecture.cm:6: var where=default.room\n"), "{ran}");
}

#[test]
fn comments_are_left_out_and_lines_joined() {
    let home = Home::new();
    says(
        &home,
        "#!/usr/bin/env cm\r\n// all\r\n/* this\r\nis 'not read */ echo a # b\r\necho http://x/#y \\\r\n  more // no\r\n",
        "a\nhttp://x/#y more\n",
    );
}

#[test]
fn the_first_line_that_fails_stops_it() {
    let home = Home::new();
    let text = "echo a\n\nvm start web1 --cloud=nowhere\necho b\n";
    let ran = run(&home, text, &[]).expect(2);
    assert_eq!(ran.stdout, "a\n", "{ran}");
    let ran = ran.one_message("no cloud is called nowhere");
    assert!(ran.stderr.ends_with("  at lecture.cm:3: vm start web1 --cloud=nowhere\n"), "{ran}");

    let ran = home.run(&["--keep-going", "lecture.cm"]).expect(2);
    assert_eq!(ran.stdout, "a\nb\n", "{ran}");
    says(&home, "frobnicate || echo so; echo and\nfrobnicate && echo no || echo yes\n", "so\nand\nyes\n");
}

#[test]
fn a_script_within_a_script_says_where_both_are() {
    let home = Home::new();
    home.write("inner.cm", "echo $1\nfrobnicate\n");
    let ran = run(&home, "# calls\nexec inner.cm hello\necho b\n", &[]).expect(2);
    assert_eq!(ran.stdout, "hello\n", "{ran}");
    assert!(
        ran.stderr.ends_with("  at inner.cm:2: frobnicate\n  at lecture.cm:2: exec inner.cm hello\n"),
        "{ran}"
    );
    home.write("inner.cm", "exec lecture.cm\n");
    run(&home, "exec inner.cm\n", &[]).refused(4, "the script lecture.cm calls itself");
}

#[test]
fn standard_input_is_a_script() {
    let home = Home::new();
    let ran = home.run_with(&[], "echo a\nquit 3\necho b\n").expect(3);
    assert_eq!(ran.stdout, "a\n");
    home.run_with(&[], "").ok();
    let ran = home.run_with(&[], "echo 'a\n").refused(2, "the quote ' in column 6 is not closed");
    assert!(ran.stderr.contains("  at standard input:1\n"), "{ran}");
}

#[test]
fn what_is_no_script_is_refused_in_one_sentence() {
    let home = Home::new();
    home.write("binary.cm", [0x7f, b'E', b'L', b'F', 0, 1, 2]);
    home.run(&["binary.cm"]).refused(2, "binary.cm is no script: it is not text");
    home.write("latin.cm", [b'e', 0xe9, b'\n']);
    home.run(&["latin.cm"]).refused(2, "latin.cm is no script: it is not text");
    home.run(&["nothing.cm"]).refused(2, "there is no file nothing.cm");
    home.run(&["./"]).refused(2, "is a folder");
    run(&home, &format!("echo {}\n", "a".repeat(10 << 20)), &[]).refused(2, "the line is 10 MiB long");
    run(&home, "/* never\nclosed\n", &[]).refused(2, "the comment `/*` has no `*/`");
}

#[test]
fn answers_go_to_programs_and_files() {
    let home = Home::new();
    says(
        &home,
        "var n=3\nvar list -o csv | sed -n 2p | tr a-z A-Z | tr -d '\\r'\nvar list -o csv > all.txt\n!wc -l < all.txt\n!echo $n '$n' $1\n",
        "N,3\n2\n3 $n first\n",
    );
    run(&home, "echo a | false\n", &[]).expect(1);
    run(&home, "!exit 7\n", &[]).expect(7);
}

#[test]
fn a_command_in_the_background_is_waited_for_and_told() {
    let home = Home::new();
    let ran = run(&home, "sleep 0.3 &\necho first\n", &[]).ok();
    assert_eq!(ran.stdout, "first\n", "{ran}");
    assert!(ran.stderr.contains("[1] begun: sleep 0.3\n") && ran.stderr.contains("[1] done in "), "{ran}");
    let ran = run(&home, "frobnicate &\n", &[]).expect(2);
    assert!(ran.stderr.contains("[1] failed with code 2") && ran.stderr.contains("frobnicate"), "{ran}");
}

#[test]
fn one_argument_with_spaces_is_a_line() {
    let home = Home::new();
    assert_eq!(home.run(&["echo a; echo b | tr b c"]).ok().stdout, "a\nc\n");
}

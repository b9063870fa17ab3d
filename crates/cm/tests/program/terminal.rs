//! The shell in a real terminal: tmux types, and shows what a person would see. Left out where there is no tmux.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Home, program};

/// Longer than anything here takes on a busy computer.
const PATIENCE: Duration = Duration::from_secs(30);

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A terminal with the shell in it; it ends with this.
struct Screen<'a> {
    home: &'a Home,
    socket: String,
}

impl<'a> Screen<'a> {
    /// `None` without tmux.
    fn open(home: &'a Home, width: u16, height: u16, environment: &[(&str, &str)]) -> Option<Self> {
        let there = Command::new("tmux").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !there.is_ok_and(|status| status.success()) {
            let _ = writeln!(std::io::stderr(), "left out: there is no tmux");
            return None;
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let socket = format!("cm-{}-{number}", std::process::id());
        let screen = Self { home, socket };
        let size = [format!("-x{width}"), format!("-y{height}")];
        let command = format!("'{}'; echo left with $?; exec sleep 1000", program().display());
        let mut tmux = screen.tmux();
        tmux.envs(environment.iter().copied());
        tmux.args(["-f", "/dev/null", "new-session", "-d", &size[0], &size[1], &command]);
        assert!(tmux.status().unwrap().success());
        screen.until(" ❯");
        Some(screen)
    }

    fn tmux(&self) -> Command {
        let mut tmux = Command::new("tmux");
        self.home.surround(&mut tmux);
        // Its socket, and a language in which it shows what is not ASCII.
        tmux.env("LC_ALL", "C.UTF-8").env("TERM", "xterm-256color").args(["-u", "-L", &self.socket]);
        tmux
    }

    fn keys(&self, keys: &[&str]) {
        assert!(self.tmux().arg("send-keys").args(keys).status().unwrap().success());
    }

    fn line(&self, line: &str) {
        self.keys(&["-l", line]);
        self.keys(&["Enter"]);
    }

    /// Gives the line up and waits for the next prompt.
    #[track_caller]
    fn cancel(&self) {
        self.keys(&["C-c"]);
        self.until_so("a prompt", |screen| screen.ends_with('❯'));
    }

    fn capture(&self, options: &[&str]) -> String {
        let output = self.tmux().args(["capture-pane", "-p"]).args(options).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Waits until the screen holds `text`; the screen.
    #[track_caller]
    fn until(&self, text: &str) -> String {
        self.until_so(text, |screen| screen.contains(text))
    }

    #[track_caller]
    fn until_so(&self, what: &str, so: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let screen = self.capture(&[]);
            if so(&screen) {
                return screen;
            }
            assert!(Instant::now() < end, "never: {what}\n{screen}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        let _ = self.tmux().arg("kill-server").status();
    }
}

#[test]
fn the_shell_greets_completes_and_leaves() {
    let home = Home::new();
    home.run(&["group", "add", "lecture", "web[1-3]"]).ok();
    let Some(screen) = Screen::open(&home, 100, 30, &[]) else { return };
    assert!(screen.until("Ctrl-D   leaves").contains("Cloudmesh 0.1.0"));
    screen.line("splash off");
    screen.until("splash is off");
    screen.line("clear");
    screen.until_so("an empty screen", |screen| screen == "cm ❯");

    // A menu of commands with what each does.
    screen.keys(&["-l", "vm st"]);
    screen.keys(&["Tab"]);
    let menu = screen.until("Starts stopped virtual machines");
    let words: Vec<&str> = menu.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(words, ["status", "start", "stop"], "{menu}");
    screen.cancel();

    // The one name that fits is taken over.
    screen.keys(&["-l", "group list l"]);
    screen.keys(&["Tab"]);
    screen.until("cm ❯ group list lecture");
    screen.cancel();

    // Help on what is typed so far; the line stays.
    screen.keys(&["-l", "var set "]);
    screen.keys(&["F1"]);
    let help = screen.until("Usage: var set");
    assert!(
        screen
            .until_so("the line again", |screen| screen.ends_with("cm ❯ var set NAME=VALUE [--…]")
                || screen.lines().last().is_some_and(|last| last.starts_with("cm ❯ var set")))
            .len()
            >= help.len()
    );
    screen.cancel();

    // A line that fails, one that is wrong: the shell lives on.
    screen.line("echo 'open");
    screen.until("the quote ' in column 6 is not closed");
    screen.line("echo $nothing");
    screen.until("no variable is called nothing");
    screen.line("imge list");
    screen.until("'image'");
    screen.keys(&["C-d"]);
    screen.until("left with 0");
}

#[test]
fn what_was_typed_is_found_again_but_no_secret() {
    let home = Home::new();
    {
        let Some(screen) = Screen::open(&home, 100, 30, &[]) else { return };
        screen.line("echo the first line");
        screen.until("\nthe first line");
        screen.line("register cloud kilo OS_PASSWORD=hidden");
        screen.until("error:");
        screen.line("quit 3");
        screen.until("left with 3");
    }
    let kept = std::fs::read_to_string(home.settings().join("history")).unwrap();
    assert!(kept.contains("echo the first line\n") && !kept.contains("hidden"), "{kept}");
    let mode = std::os::unix::fs::MetadataExt::mode(&home.settings().join("history").metadata().unwrap());
    assert_eq!(mode & 0o777, 0o600);
    let Some(screen) = Screen::open(&home, 100, 30, &[]) else { return };
    screen.keys(&["C-r"]);
    screen.keys(&["-l", "first"]);
    screen.until("typed before `first`: echo the first line");
    screen.keys(&["Enter"]);
    screen.keys(&["Enter"]);
    screen.until("\nthe first line");
    screen.line("history last");
    screen.until("\necho the first line");
}

#[test]
fn ctrl_c_ends_the_command_and_not_the_shell() {
    let home = Home::new();
    home.line("sim up --build-time=600000").ok();
    let Some(screen) = Screen::open_on_sim(&home) else { return };
    screen.line("vm boot web[1-2] --cloud=sim --image=ubuntu-24.04 --flavor=m1.small");
    screen.until("wait until web2 is active");
    screen.interrupt("error: interrupted: 2 of 4 steps are done");
    screen.line("clear");
    screen.line("sleep 500");
    screen.interrupt("error: interrupted\n");
    screen.line("!echo it runs; sleep 500");
    screen.until("\nit runs");
    screen.interrupt("\nit runs\n^C");
    screen.line("echo still $default.cloud here");
    screen.until("\nstill sim here");

    // A plan in the background tells when it is done, whatever is being typed.
    screen.line("clear");
    screen.line("sleep 1 &");
    screen.until("cm sim (1 running) ❯");
    screen.keys(&["-l", "half a line"]);
    let told = screen.until("[1] done in 1.");
    assert!(told.ends_with("❯ half a line"), "{told}");
}

impl<'a> Screen<'a> {
    /// Presses Ctrl-C until the screen says `text`: the first may come before the command has begun.
    #[track_caller]
    fn interrupt(&self, text: &str) {
        let pressed = Instant::now();
        while !self.capture(&[]).contains(text) {
            assert!(pressed.elapsed() < PATIENCE, "never: {text}\n{}", self.capture(&[]));
            self.keys(&["C-c"]);
            let until = Instant::now() + Duration::from_secs(1);
            while Instant::now() < until && !self.capture(&[]).contains(text) {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// As [`Screen::open`], where a simulated cloud is the default.
    fn open_on_sim(home: &'a Home) -> Option<Self> {
        home.line("splash off").ok();
        let screen = Self::open(home, 100, 40, &[])?;
        screen.line("default set cloud=sim");
        screen.until("cm sim ❯");
        Some(screen)
    }
}

#[test]
fn twenty_pasted_lines_run_in_their_order() {
    let home = Home::new();
    home.line("splash off").ok();
    let Some(screen) = Screen::open(&home, 80, 60, &[]) else { return };
    let lines: String = (1..=20).map(|number| format!("echo pasted-{number} # line\n")).collect();
    let file = home.user().join("paste.txt");
    std::fs::write(&file, lines).unwrap();
    assert!(screen.tmux().arg("load-buffer").arg(&file).status().unwrap().success());
    for bracketed in [true, false] {
        screen.line("clear");
        screen.until_so("an empty screen", |screen| screen == "cm ❯");
        let option = if bracketed { "-dp" } else { "-d" };
        let mut paste = screen.tmux();
        assert!(screen.tmux().arg("load-buffer").arg(&file).status().unwrap().success());
        assert!(paste.args(["paste-buffer", option]).status().unwrap().success());
        if bracketed {
            screen.until("echo pasted-20");
            screen.keys(&["Enter"]);
        }
        let shown = screen.until("\npasted-20");
        let said: Vec<&str> = shown.lines().filter(|line| line.starts_with("pasted-")).collect();
        let wanted: Vec<String> = (1..=20).map(|number| format!("pasted-{number}")).collect();
        assert_eq!(said, wanted, "{shown}");
    }
}

#[test]
fn tables_fit_the_terminal_whatever_its_size() {
    let home = Home::new();
    home.line("splash off").ok();
    home.line("sim up --build-time=20").ok();
    let Some(screen) = Screen::open_on_sim(&home) else { return };
    screen.line("image list --cloud=sim");
    let wide = screen.until("images on sim");
    assert!(wide.contains("NAME") && wide.contains("CLOUD"), "{wide}");
    let resized = screen.tmux().args(["resize-window", "-x40", "-y20"]).status().unwrap();
    assert!(resized.success());
    screen.line("clear");
    screen.until_so("an empty screen", |screen| screen == "cm sim ❯");
    screen.line("image list --cloud=sim");
    let narrow = screen.until("images on sim");
    assert!(narrow.lines().all(|line| line.chars().count() <= 40), "{narrow}");
    assert!(narrow.contains("not shown, the terminal is too narrow"), "{narrow}");
    screen.line("echo $default.cloud");
    screen.until("\nsim\n");
}

#[test]
fn without_colour_nothing_is_coloured() {
    let home = Home::new();
    home.run(&["var", "course=e516"]).ok();
    let Some(screen) = Screen::open(&home, 100, 30, &[("NO_COLOR", "1")]) else { return };
    screen.line("var list");
    screen.until("course  e516");
    screen.keys(&["-l", "vm s"]);
    screen.keys(&["Tab"]);
    screen.until("Starts stopped");
    let painted = screen.capture(&["-e"]);
    let colours = painted.split('\u{1b}').skip(1).filter(|code| {
        let code = code.split('m').next().unwrap_or_default().trim_start_matches('[');
        code.split(';').any(|part| matches!(part.parse::<u8>(), Ok(30..=38 | 40..=48 | 90..=107)))
    });
    assert_eq!(colours.count(), 0, "{painted:?}");
}

#[test]
fn a_dumb_terminal_gets_plain_lines() {
    let home = Home::new();
    home.run(&["var", "course=e516"]).ok();
    let line = format!(
        "printf 'var list\\necho $course\\nquit 3\\n' | TERM=dumb script -qec '{}' /dev/null",
        program().display()
    );
    let shown = home.shell(&line, "a dumb terminal");
    if shown.stderr.contains("not found") {
        return;
    }
    assert!(shown.stdout.contains("course  e516") && shown.stdout.contains("cm > e516"), "{shown}");
    assert!(!shown.stdout.contains('\u{1b}') && shown.stdout.contains("cm > "), "{shown}");
    assert_eq!(shown.status.code(), Some(3), "{shown}");
}

#[test]
fn a_person_chooses_by_typing_a_part() {
    let home = Home::new();
    home.line("splash off").ok();
    home.line("sim up --build-time=20").ok();
    let Some(screen) = Screen::open_on_sim(&home) else { return };
    screen.line("select image");
    screen.until("> ");
    screen.keys(&["-l", "deb"]);
    screen.until("image (1 of ");
    screen.keys(&["Enter"]);
    screen.until("sim default: image is debian-12");
    screen.line("select flavor");
    screen.until("flavor (");
    screen.keys(&["Escape"]);
    screen.until("nothing was chosen");
    home.run(&["select", "image"]).refused(4, "select needs a terminal");
}

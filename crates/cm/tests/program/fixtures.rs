//! What must be there before a command of the help or of the vocabulary can do what it shows.

use crate::support::Home;

/// Something that a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// The machines web1, web2 and web3, running.
    Web,
    /// No machine with a name that the command gives to new ones.
    FreeNames,
    /// web1 without a floating address.
    NoAddress,
    /// The key laptop, known to the cloud as well.
    Key,
    /// Files of public keys: desk.pub, and one in ~/.ssh.
    KeyFiles,
    /// No such key of one's own yet.
    NoKey,
    /// The group web with the three machines.
    Group,
    /// The group web-old.
    SecondGroup,
    /// A job in the group trials, submitted last.
    Job,
    /// No job that has not ended.
    NoJobs,
    /// A job that has ended, submitted last.
    EndedJob,
    /// A plan that was saved and not run.
    SavedPlan,
    /// The default zone.
    Zone,
    /// The variable course.
    Variable,
    /// The cloud kilo.
    Kilo,
    /// The script lecture.cm, and a program that opens it.
    Script,
    /// A line in the history.
    History,
    /// The stopwatch lecture.
    Stopwatch,
    /// A user in the profile.
    Profile,
    /// No machine called front.
    NoFront,
    /// The server group apart, once.
    Apart,
    /// No server group called apart.
    NoApart,
    /// The security group web in the store, with the rule ssh.
    OwnGroup,
    /// The same on the cloud.
    UploadedGroup,
    /// No group web on the cloud.
    NoUploadedGroup,
    /// The network lab.
    Lab,
    /// No network called lab.
    NoLab,
    /// The port socket, once.
    Socket,
    /// No port called socket.
    NoSocket,
    /// One floating address that leads nowhere.
    FreeAddress,
    /// web1 with a floating address.
    WebAddress,
    /// The volume data, attached to nothing, without a copy.
    Data,
    /// No volume called data.
    NoData,
    /// The volume data, attached to web1.
    AttachedData,
    /// The copy data-copy of it, once.
    DataCopy,
    /// The image web1-image, once.
    WebImage,
}

use Need::{
    Apart, AttachedData, Data, DataCopy, EndedJob, FreeAddress, FreeNames, Group, History, Job, Key,
    KeyFiles, Kilo, Lab, NoAddress, NoApart, NoData, NoFront, NoJobs, NoKey, NoLab, NoSocket,
    NoUploadedGroup, OwnGroup, Profile, SavedPlan, Script, SecondGroup, Socket, Stopwatch, UploadedGroup,
    Variable, Web, WebAddress, WebImage, Zone,
};

/// What commands need, by how they begin; the longest beginning counts.
static NEEDS: &[(&str, &[Need])] = &[
    ("default", &[]),
    ("default delete zone", &[Zone]),
    ("var", &[]),
    ("var get", &[Variable]),
    ("var course", &[Variable]),
    ("var course=", &[]),
    ("var delete", &[Variable]),
    ("group list", &[Group]),
    ("group", &[Group]),
    ("group add", &[]),
    ("group merge", &[Group, SecondGroup]),
    ("plan", &[]),
    ("plan show", &[SavedPlan]),
    ("plan apply", &[SavedPlan]),
    ("plan resume", &[SavedPlan]),
    ("plan cancel", &[SavedPlan]),
    ("plan undo", &[Variable]),
    ("undo", &[Variable]),
    ("log", &[]),
    ("register", &[]),
    ("register remove kilo", &[Kilo]),
    ("cloud", &[]),
    ("image", &[]),
    ("flavor", &[]),
    ("list", &[]),
    ("key", &[]),
    ("key add", &[NoKey, KeyFiles]),
    ("key upload", &[Key]),
    ("key delete", &[Key]),
    ("vm", &[Web]),
    ("vm boot", &[FreeNames]),
    ("vm boot --cloud=sim --image=ubuntu-24.04 --flavor=m1.small", &[]),
    ("vm boot --n=2", &[]),
    ("vm boot --cloud=sim --image=ubuntu-24.04 --flavor=m1.small --key=laptop", &[Key]),
    ("vm ip assign", &[Web, NoAddress]),
    ("vm start --group", &[Web, Group]),
    ("vm default", &[]),
    ("vm rename", &[NoFront, Web]),
    ("servergroup", &[Apart]),
    ("secgroup", &[OwnGroup]),
    ("secgroup upload", &[OwnGroup, NoUploadedGroup]),
    ("secgroup delete web --cloud", &[OwnGroup, UploadedGroup]),
    ("network", &[]),
    ("network create lab", &[NoLab]),
    ("network delete lab", &[Lab]),
    ("network delete fixed", &[Socket]),
    ("network delete floating", &[FreeAddress]),
    ("network floating delete", &[FreeAddress]),
    ("network associate", &[Web, NoAddress]),
    ("network floating associate", &[Web, NoAddress]),
    ("network disassociate", &[Web, WebAddress]),
    ("network floating disassociate", &[Web, WebAddress]),
    ("network create cluster", &[Web, Group]),
    ("network cluster create", &[Web, Group]),
    ("subnet", &[]),
    ("router", &[]),
    ("router delete lab", &[Lab]),
    ("port", &[]),
    ("port create", &[NoSocket]),
    ("port delete", &[Socket]),
    ("volume", &[]),
    ("volume create", &[NoData]),
    ("volume delete", &[Data]),
    ("volume extend", &[Data]),
    ("volume attach", &[Web, Data]),
    ("volume detach", &[Web, AttachedData]),
    ("volume snapshot create", &[Data]),
    ("volume snapshot delete", &[DataCopy]),
    ("volume snapshot list", &[]),
    ("image delete", &[WebImage]),
    ("servergroup create", &[NoApart]),
    ("quota", &[]),
    ("limits", &[]),
    ("usage", &[]),
    ("zone", &[]),
    ("hpc", &[]),
    ("hpc queue", &[Job]),
    ("hpc status", &[Job]),
    ("hpc output", &[EndedJob]),
    ("hpc delete", &[Job]),
    ("hpc requeue", &[NoJobs]),
    ("hpc hold", &[NoJobs, Job]),
    ("hpc release", &[NoJobs, Job]),
    ("hpc alter", &[Job]),
    ("hpc explain", &[EndedJob]),
    ("explain", &[EndedJob]),
    ("hpc run output", &[EndedJob]),
    ("run", &[]),
    ("submit", &[]),
    ("mcp", &[]),
    ("server", &[]),
    ("sim", &[]),
    ("check", &[]),
    ("context", &[]),
    ("info", &[]),
    ("reset", &[]),
    ("completions", &[]),
    ("setup", &[]),
    ("select", &[]),
    ("'!true'", &[]),
    ("'echo hello", &[]),
    ("'echo $course'", &[Variable]),
    ("'echo $default.cloud'", &[]),
    ("'echo $cloudmesh.profile.user'", &[Profile]),
    ("'py", &[]),
    ("EOF", &[]),
    ("q", &[]),
    ("quit", &[]),
    ("banner", &[]),
    ("clear", &[]),
    ("< lecture.cm", &[Script]),
    ("lecture.cm", &[Script]),
    ("exec", &[Script]),
    ("open", &[Script]),
    ("color", &[]),
    ("debug", &[]),
    ("echo", &[]),
    ("history", &[History]),
    ("load", &[]),
    ("loglevel", &[]),
    ("pause", &[]),
    ("refresh", &[]),
    ("shell", &[]),
    ("sleep", &[]),
    ("timer", &[Stopwatch]),
    ("verbose", &[]),
    ("help", &[]),
    ("man", &[]),
    ("version", &[]),
];

/// Runs the command after `cm`, with all that it needs there, and takes away what would be in the way of
/// others. It must succeed.
///
/// # Panics
/// When no row of the table covers the command, or when it does not succeed.
pub(crate) fn succeeds(home: &Home, command: &str) {
    prepare(home, command);
    home.line(command).ok();
    clear(home, command);
}

/// Puts everything there that the command after `cm` needs.
///
/// # Panics
/// When no row of the table covers the command.
pub(crate) fn prepare(home: &Home, command: &str) {
    let covers = |begin: &str| {
        command.strip_prefix(begin).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with([' ', '=']) || begin.ends_with(['=']) || begin.contains(" --")
        })
    };
    let needs = NEEDS.iter().filter(|(begin, _)| covers(begin)).max_by_key(|(begin, _)| begin.len());
    let (_, needs) = needs.unwrap_or_else(|| panic!("no fixture covers `cm {command}`: add a row"));
    // The simulator, and what all commands here take for granted.
    home.line("sim up --build-time=20").ok();
    home.line("default set cloud=sim cluster=local").ok();
    for need in *needs {
        provide(home, *need, command);
    }
}

/// Takes away what the command made that would be in the way of others.
pub(crate) fn clear(home: &Home, command: &str) {
    // A second network would leave machines without an obvious one.
    if command.starts_with("network") && command.contains(" lab") || command.starts_with("router delete lab")
    {
        delete_all(home, "network", "lab");
    }
    for name in ["kilo", "india"] {
        if command.starts_with("register cl") && command.contains(name) {
            home.line(&format!("register remove {name}")).ok();
        }
    }
}

fn provide(home: &Home, need: Need, command: &str) {
    match need {
        Web => {
            let there = home.line("vm list 'web[1-3]' --cloud=sim --refresh -o json").ok().items();
            let missing: Vec<String> = (1..=3)
                .map(|number| format!("web{number}"))
                .filter(|name| !there.iter().any(|machine| machine["name"] == name.as_str()))
                .collect();
            for machine in &there {
                let verb = match machine["status"].as_str().unwrap() {
                    _ if machine["locked"] == true => "unlock",
                    "active" => continue,
                    "paused" if machine["native_status"] == "PAUSED" => "unpause",
                    "paused" => "resume",
                    "shelved" => "unshelve",
                    "rescued" => "unrescue",
                    "resized" => "resize --confirm",
                    _ => "start",
                };
                home.line(&format!("vm {verb} {} --cloud=sim", machine["name"].as_str().unwrap())).ok();
            }
            if !missing.is_empty() {
                provide(home, Key, command);
                home.line(&format!("vm boot {} --cloud=sim --key=laptop", missing.join(","))).ok();
            }
        }
        FreeNames => {
            let there = home.line("vm list --cloud=sim --refresh -o json").ok().items();
            let taken = |name: &&str| {
                name.starts_with("web") && command.contains(" web") || command.contains(&format!(" {name} "))
            };
            let names: Vec<&str> =
                there.iter().filter_map(|machine| machine["name"].as_str()).filter(taken).collect();
            if !names.is_empty() {
                home.line(&format!("vm delete {} --cloud=sim --yes", names.join(","))).ok();
            }
        }
        NoJobs => {
            home.line("hpc delete all --cluster=local --yes").ok();
        }
        NoAddress => {
            let addresses = home.line("vm ip show web1 --refresh -o json").ok().items();
            if addresses.iter().any(|address| address["reach"] == "public") {
                home.line("vm delete web1 --cloud=sim --yes").ok();
                provide(home, Web, command);
            }
        }
        Key => {
            home.line("key add laptop --generate").ok();
            home.line("key upload laptop --cloud=sim").ok();
        }
        KeyFiles => {
            let public = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8Q0iZ0dCl2zTJu7oJEoP4gHI3yxAMFo2W2G9Y8bZ5M albert@desk\n";
            home.write("desk.pub", public);
            home.write(".ssh/id_ed25519.pub", public);
        }
        NoKey => {
            home.line("key delete --all").ok();
        }
        Group => {
            home.line("group add web 'web[1-3]'").ok();
        }
        SecondGroup => {
            home.line("group add web-old web9").ok();
        }
        Job => {
            home.line("hpc run --cluster=local --group=trials --hold -- true").ok();
        }
        EndedJob => {
            home.line("hpc run --cluster=local --wait -- echo hello").ok();
        }
        SavedPlan => {
            home.line("vm boot --n=1 --cloud=sim --image=ubuntu-24.04 --flavor=m1.small --save").ok();
        }
        Zone => {
            home.line("default set zone=nova").ok();
        }
        Variable => {
            home.line("var set course=e516").ok();
        }
        Script => {
            home.write("lecture.cm", "echo hello # a script\n");
            let opener = home.user().join("bin/xdg-open");
            home.write("bin/xdg-open", "#!/bin/sh\nexit 0\n");
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(opener, mode).unwrap();
        }
        History => std::fs::write(home.settings().join("history"), "vm list\n").unwrap(),
        Stopwatch => {
            home.line("timer start lecture").ok();
        }
        Profile => {
            let path = home.settings().join("cloudmesh.yaml");
            let text = std::fs::read_to_string(&path).unwrap();
            if !text.contains("profile:") {
                let text = text.replacen("cloudmesh:\n", "cloudmesh:\n  profile:\n    user: albert\n", 1);
                std::fs::write(path, text).unwrap();
            }
        }
        NoFront => {
            if home.line("vm list front --cloud=sim --refresh -o json").ok().items().len() == 1 {
                home.line("vm delete front --cloud=sim --yes").ok();
            }
        }
        Apart => {
            provide(home, NoApart, command);
            home.line("servergroup create apart --policy=affinity --cloud=sim").ok();
        }
        NoApart => {
            for group in home.line("servergroup list --cloud=sim --refresh -o json").ok().items() {
                let id = group["native_id"].as_str().unwrap();
                home.line(&format!("servergroup delete {id} --cloud=sim --yes")).ok();
            }
        }
        OwnGroup => {
            home.line("secgroup add web ssh 22 22 tcp 0.0.0.0/0").ok();
        }
        NoUploadedGroup => {
            let rules = home.line("secgroup list web --cloud=sim --refresh -o json").ok().items();
            if rules.iter().any(|rule| rule["where"] != "store") {
                home.line("secgroup delete web --cloud=sim --yes").ok();
            }
        }
        UploadedGroup => {
            home.line("secgroup upload web --cloud=sim").ok();
        }
        Lab => {
            if home.line("network list lab --cloud=sim --refresh -o json").ok().items().is_empty() {
                home.line("network create lab --range=10.7.0.0/24 --cloud=sim").ok();
            }
            home.line("router list --cloud=sim --refresh").ok();
        }
        NoLab => delete_all(home, "network", "lab"),
        Socket => {
            provide(home, NoSocket, command);
            home.line("port create socket --network=private --cloud=sim").ok();
        }
        NoSocket => delete_all(home, "port", "socket"),
        FreeAddress => {
            home.line("network floating delete --free --cloud=sim --yes").ok();
            home.line("network floating create --cloud=sim").ok();
        }
        WebAddress => {
            let addresses = home.line("vm ip show web1 --refresh -o json").ok().items();
            if !addresses.iter().any(|address| address["reach"] == "public") {
                home.line("vm ip assign web1").ok();
            }
        }
        Data => {
            provide(home, NoData, command);
            home.line("volume create data --size=10 --cloud=sim").ok();
        }
        NoData => {
            for volume in home.line("volume list data --cloud=sim --refresh -o json").ok().items() {
                if volume["status"] == "in-use" {
                    let id = volume["native_id"].as_str().unwrap();
                    home.line(&format!("volume detach {id} --cloud=sim")).ok();
                }
            }
            delete_all(home, "volume snapshot", "data-copy");
            delete_all(home, "volume", "data");
        }
        AttachedData => {
            provide(home, Data, command);
            home.line("volume attach data web1 --cloud=sim").ok();
        }
        DataCopy => {
            provide(home, Data, command);
            home.line("volume snapshot create data --name=data-copy --cloud=sim").ok();
        }
        WebImage => {
            provide(home, Web, command);
            delete_all(home, "image", "web1-image");
            home.line("vm snapshot web1 --name=web1-image").ok();
        }
        Kilo => {
            home.line("register cloud kilo OS_AUTH_URL=http://127.0.0.1:5000/v3 OS_USERNAME=albert OS_PROJECT_NAME=p").ok();
        }
    }
}

/// Deletes every thing of a kind that is called `name`.
fn delete_all(home: &Home, words: &str, name: &str) {
    for thing in home.line(&format!("{words} list {name} --cloud=sim --refresh -o json")).ok().items() {
        let id = thing["native_id"].as_str().unwrap();
        home.line(&format!("{words} delete {id} --cloud=sim --yes")).ok();
    }
}

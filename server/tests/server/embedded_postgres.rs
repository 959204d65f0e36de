//! The Postgres the program runs by itself, through everything that can happen to either.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::geteuid;

use crate::program::{Folder, Server, command, is_alive, postmaster, run, stderr, wait_until};

#[test]
fn from_an_empty_folder_to_running_and_down_again() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let data = Folder::new();
        let server = Server::start(data.path());
        let postgres = postmaster(data.path()).unwrap();
        server.signal(signal);
        assert_eq!(server.wait(), Some(0));
        assert!(!is_alive(postgres), "Postgres outlives {signal}");
        let log = fs::read_to_string(data.path().join("postgres/log")).unwrap();
        assert!(log.trim_end().ends_with("database system is shut down"), "{log}");
    }
}

#[test]
fn nobody_else_can_reach_the_database_or_read_the_secrets() {
    let data = Folder::new();
    let _server = Server::start(data.path());
    let mode = |path: &str| fs::metadata(data.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("postgres"), 0o700);
    assert_eq!(mode("postgres/socket"), 0o700);
    assert_eq!(mode("postgres/cluster"), 0o700);
    assert_eq!(mode("secrets"), 0o700);
    assert_eq!(mode("secrets/encryption_key"), 0o600);
    let postgres = postmaster(data.path()).unwrap();
    let command = fs::read_to_string(format!("/proc/{postgres}/cmdline")).unwrap();
    assert!(command.contains("listen_addresses=\0"), "{command}");
    assert!(command.contains("fsync=on"), "{command}");
}

#[test]
fn killed_it_starts_again_with_the_same_secrets_and_data() {
    let data = Folder::new();
    let key = data.path().join("secrets/encryption_key");
    let server = Server::start(data.path());
    let first = fs::read_to_string(&key).unwrap();
    server.signal(Signal::SIGKILL);
    assert_eq!(server.wait(), None);
    let server = Server::start(data.path());
    assert_eq!(fs::read_to_string(&key).unwrap(), first);
    drop(server);
    wait_until("the end of Postgres", || postmaster(data.path()).is_none());
}

#[test]
fn a_postgres_that_was_left_running_is_ended_first() {
    let data = Folder::new();
    Server::start(data.path()).signal(Signal::SIGTERM);
    wait_until("the end of Postgres", || postmaster(data.path()).is_none());
    let mut orphan = as_owner(data.path(), &postgres_program());
    let cluster = data.path().join("postgres/cluster");
    orphan
        .arg("-D")
        .arg(&cluster)
        .arg("-k")
        .arg(data.path().join("postgres/socket"));
    let mut orphan = orphan
        .args(["-c", "listen_addresses="])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the orphan's start", || {
        fs::read_to_string(cluster.join("postmaster.pid")).is_ok_and(|text| text.contains("ready"))
    });
    let server = Server::start(data.path());
    assert!(orphan.wait().unwrap().success());
    assert_ne!(
        postmaster(data.path()).unwrap().as_raw().unsigned_abs(),
        orphan.id()
    );
    drop(server);
}

#[test]
fn a_process_number_that_somebody_else_has_now_does_not_stand_in_the_way() {
    let data = Folder::new();
    let server = Server::start(data.path());
    let postgres = postmaster(data.path()).unwrap();
    server.signal(Signal::SIGKILL);
    wait_until("the end of Postgres", || !is_alive(postgres));
    // As after a crash of the machine: the file is there, its number belongs to another program of the same user.
    let mut other = as_owner(data.path(), Path::new("/bin/sleep"))
        .arg("600")
        .spawn()
        .unwrap();
    let cluster = data.path().join("postgres/cluster");
    let file = cluster.join("postmaster.pid");
    let socket = data.path().join("postgres/socket");
    fs::write(
        &file,
        format!(
            "{}\n{}\n1\n5432\n{}\n\n",
            other.id(),
            cluster.display(),
            socket.display()
        ),
    )
    .unwrap();
    let server = Server::start(data.path());
    assert!(other.try_wait().unwrap().is_none(), "the other program was ended");
    other.kill().unwrap();
    other.wait().unwrap();
    drop(server);
}

#[test]
fn a_cluster_that_was_never_finished_is_made_anew() {
    let data = Folder::new();
    let unfinished = data.path().join("postgres/cluster.unfinished");
    fs::create_dir_all(unfinished.join("base")).unwrap();
    fs::write(unfinished.join("PG_VERSION"), "15\n").unwrap();
    let server = Server::start(data.path());
    assert!(!unfinished.exists());
    drop(server);
}

#[test]
fn postgres_comes_back_when_it_falls() {
    let data = Folder::new();
    let mut server = Server::start(data.path());
    let first = postmaster(data.path()).unwrap();
    kill(first, Signal::SIGKILL).unwrap();
    wait_until("another Postgres", || {
        postmaster(data.path()).is_some_and(|pid| pid != first)
    });
    server.wait_until_ready();
    server.signal(Signal::SIGTERM);
    assert_eq!(server.wait(), Some(0));
}

/// What stands in the way of the first try to start it again is gone before the last.
#[test]
fn a_start_that_fails_is_a_fall_and_not_the_end() {
    let data = Folder::new();
    let mut server = Server::start(data.path());
    let first = postmaster(data.path()).unwrap();
    let version = data.path().join("postgres/cluster/PG_VERSION");
    let aside = data.path().join("postgres/cluster/PG_VERSION.aside");
    fs::rename(&version, &aside).unwrap();
    kill(first, Signal::SIGKILL).unwrap();
    wait_until("a start that fails", || {
        fs::read_to_string(data.path().join("postgres/log")).is_ok_and(|log| log.contains("PG_VERSION"))
    });
    fs::rename(&aside, &version).unwrap();
    wait_until("another Postgres", || {
        postmaster(data.path()).is_some_and(|pid| pid != first)
    });
    server.wait_until_ready();
    server.signal(Signal::SIGTERM);
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn a_postgres_that_cannot_be_started_again_ends_the_program() {
    let data = Folder::new();
    let server = Server::start(data.path());
    let first = postmaster(data.path()).unwrap();
    fs::remove_file(data.path().join("postgres/cluster/PG_VERSION")).unwrap();
    kill(first, Signal::SIGKILL).unwrap();
    assert_eq!(server.wait(), Some(1));
    let log = fs::read_to_string(data.path().join("postgres/log")).unwrap();
    assert_eq!(log.matches("is not a valid data directory").count(), 5, "{log}");
}

#[test]
fn a_second_instance_is_refused_and_a_check_joins_the_first() {
    let data = Folder::new();
    let _server = Server::start(data.path());
    let folder = data.path().to_str().unwrap();
    let refused = run(
        data.path(),
        &["serve", "--data-dir", folder, "--address", "127.0.0.1:0"],
    );
    assert_eq!(refused.status.code(), Some(1));
    let sentence = format!(
        "error: another instance is running on the data folder {folder}: stop it first, or choose another folder \
         with --data-dir\n"
    );
    assert_eq!(stderr(&refused), sentence);
    let joined = run(data.path(), &["verify", "--data-dir", folder]);
    assert_eq!(joined.status.code(), Some(0), "{}", stderr(&joined));
    assert!(
        postmaster(data.path()).is_some(),
        "the check ended the first instance's Postgres"
    );
}

#[test]
fn a_path_too_long_for_a_socket_is_no_obstacle() {
    let folder = Folder::new();
    let data = folder.path().join("d".repeat(120));
    let server = Server::start(&data);
    assert!(!data.join("postgres/socket").exists());
    let postgres = postmaster(&data).unwrap();
    let text = fs::read_to_string(data.join("postgres/cluster/postmaster.pid")).unwrap();
    let socket = Path::new(text.lines().nth(4).unwrap()).to_owned();
    let found = fs::metadata(&socket).unwrap();
    assert_eq!(found.permissions().mode() & 0o777, 0o700);
    assert_eq!(found.uid(), fs::metadata(data.join("postgres")).unwrap().uid());
    server.signal(Signal::SIGTERM);
    assert_eq!(server.wait(), Some(0));
    assert!(!is_alive(postgres));
    assert!(!socket.exists(), "{} is left behind", socket.display());
}

#[test]
fn a_data_folder_that_cannot_be_used_is_told_in_one_sentence() {
    let folder = Folder::new();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let data = file.join("data");
    let refused = run(folder.path(), &["migrate", "--data-dir", data.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    let sentence = stderr(&refused);
    let expected = format!(
        "error: the data folder {} cannot be used: choose another with --data-dir or give yourself access to it: ",
        data.display()
    );
    assert!(
        sentence.starts_with(&expected) && sentence.trim_end().lines().count() == 1,
        "{sentence}"
    );
}

#[test]
fn a_folder_that_the_user_postgres_cannot_enter_is_refused() {
    if !geteuid().is_root() {
        return;
    }
    let folder = Folder::new();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let data = closed.join("data");
    let refused = run(folder.path(), &["migrate", "--data-dir", data.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    let sentence = format!(
        "error: the user `postgres`, who runs Postgres for root, cannot enter the data folder {}: choose a folder \
         that everyone may enter with --data-dir, or run the program as an ordinary user\n",
        data.display()
    );
    assert_eq!(stderr(&refused), sentence);
}

/// A program run by whoever the cluster belongs to.
fn as_owner(data: &Path, program: &Path) -> Command {
    let owner = fs::metadata(data.join("postgres/cluster")).unwrap();
    let mut command = Command::new(program);
    command.current_dir("/").env_clear();
    if geteuid().is_root() {
        command.uid(owner.uid()).gid(owner.gid());
    }
    command
}

fn postgres_program() -> std::path::PathBuf {
    let output = Command::new("pg_config").arg("--bindir").output().unwrap();
    Path::new(String::from_utf8_lossy(&output.stdout).trim()).join("postgres")
}

/// What a command beside it writes to customers leads there; and the command line reads what operators read.
#[test]
fn commands_beside_the_server_know_where_it_is() {
    let data = Folder::new();
    let server = Server::start(data.path());
    let kept = fs::read_to_string(data.path().join("base_url")).unwrap();
    assert_eq!(kept, format!("http://{}\n", server.address));
    let tax = |args: &[&str]| {
        let output = command(Path::new("/tmp"), args)
            .env("DATA_DIR", data.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let region = ["tax", "region", "--region", "DE", "--tax", "VAT=0.19"];
    assert_eq!(tax(&region), (Some(0), "DE: VAT 0.19\n".to_owned()));
    assert_eq!(tax(&["tax", "list"]), (Some(0), "DE: VAT 0.19\n".to_owned()));
    assert_eq!(tax(&["tax", "region", "--region", "XX"]).0, Some(2));
}

//! Where `swift` comes from: the one on PATH, else one in a Debian 13 root that is made once in the user's cache folder.
//!
//! Commands run in the root by chroot, inside a mount and process namespace of their own: the repository is mounted there at
//! its own path, and when the command ends, in whatever way, the kernel takes all mounts away again.

use std::env;
use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why there is no Swift here. A run without Swift is reported as not run, with this reason, and never as passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAvailable {
    pub reason: String,
}

/// A Swift toolchain that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swift {
    /// The `swift` on PATH.
    OnPath,
    /// The one in the Debian root in this folder.
    InRoot(PathBuf),
}

/// How the caller runs external commands and shows their output.
pub type Run<'a> = dyn Fn(&mut Command) -> anyhow::Result<String> + 'a;

impl Swift {
    /// The toolchain that is there already. Makes nothing, and is quick.
    pub fn find() -> Result<Self, NotAvailable> {
        if on_path() {
            return Ok(Self::OnPath);
        }
        let root = root_folder()?;
        may_enter_root()?;
        if is_ready(&root) {
            Ok(Self::InRoot(root))
        } else {
            Err(no("it was not set up yet: run `cargo xtask setup`"))
        }
    }

    /// The toolchain that is there already, else a new root, which takes minutes and gigabytes.
    pub fn set_up(run: &Run<'_>) -> Result<Self, NotAvailable> {
        if let Ok(found) = Self::find() {
            return Ok(found);
        }
        let root = root_folder()?;
        may_enter_root()?;
        may_make_root()?;
        let mirror = mirror()?;
        let cache = root.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(cache).map_err(|error| no(format!("cannot make {}: {error}", cache.display())))?;
        // The lock ends with this process, however it ends. Who waited for it finds the root ready.
        let _lock = lock(&root)?;
        if !is_ready(&root) {
            make_root(&root, &mirror, run)
                .map_err(|error| no(format!("making the Debian root failed: {error:#}")))?;
        }
        Ok(Self::InRoot(root))
    }

    /// `swift`, to be given its arguments, in `folder`. The folders `shared` are seen by it at their own paths, as is the
    /// folder for temporary files.
    pub fn command(&self, folder: &Path, shared: &[&Path]) -> Command {
        match self {
            Self::OnPath => {
                let mut swift = Command::new("swift");
                swift.current_dir(folder);
                swift
            }
            Self::InRoot(root) => {
                let mut chroot = namespace();
                let temporary = env::temp_dir();
                let shared = shared.iter().copied().chain([temporary.as_path()]);
                let lines: Vec<String> = shared.map(|path| path.display().to_string()).collect();
                chroot
                    .args(["sh", "-ec", ENTER, "sh"])
                    .arg(root)
                    .arg(folder)
                    .arg(lines.join("\n"))
                    .arg("swift");
                chroot
            }
        }
    }

    /// The words before a compiled Swift program by which it runs on this machine as an ordinary process: none, or the root's
    /// dynamic linker with the root's libraries. Neither needs special rights.
    pub fn launcher(&self) -> Vec<String> {
        let Self::InRoot(root) = self else { return Vec::new() };
        let linker = if cfg!(target_arch = "aarch64") {
            "lib/ld-linux-aarch64.so.1"
        } else {
            "lib64/ld-linux-x86-64.so.2"
        };
        let triplet = format!("usr/lib/{}-linux-gnu", env::consts::ARCH);
        let folders = [triplet.as_str(), "usr/lib", "usr/libexec/swift/lib/swift/linux"];
        let libraries: Vec<String> =
            folders.iter().map(|path| root.join(path).display().to_string()).collect();
        vec![root.join(linker).display().to_string(), "--library-path".into(), libraries.join(":")]
    }
}

impl fmt::Display for Swift {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnPath => out.write_str("swift on PATH"),
            Self::InRoot(root) => write!(out, "swift in the Debian {SUITE} root {}", root.display()),
        }
    }
}

impl fmt::Display for NotAvailable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "not available: {}", self.reason)
    }
}

impl std::error::Error for NotAvailable {}

/// The first Debian that packages Swift.
const SUITE: &str = "trixie";

/// Changes when the root has to be made anew.
const RECIPE: &str = "1";

/// The headers are not dependencies of the compiler's package, but nothing links without them.
const PACKAGES: &[&str] = &["swiftlang", "libc6-dev", "libstdc++-14-dev", "ca-certificates"];

/// The lowest version that has typed throws and the strict concurrency checks.
const LEAST: (u32, u32) = (6, 0);

/// Arguments: the root, the working folder, the shared folders (one a line), then the command.
const ENTER: &str = r#"
root=$1 folder=$2 shared=$3
shift 3
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
printf '%s\n' "$shared" | while IFS= read -r path; do
    mkdir -p "$root$path"
    mount --rbind "$path" "$root$path"
done
chroot "$root" sh -c 'cd "$0" && exec "$@"' "$folder" "$@"
"#;

/// Arguments: the root, then the packages.
const INSTALL: &str = r#"
root=$1
shift
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
chroot "$root" apt-get -q update
chroot "$root" apt-get -q -y --no-install-recommends install "$@"
chroot "$root" apt-get clean
chroot "$root" swift --version
"#;

/// A command in namespaces of its own: its mounts are seen by nobody else and end with it, and so do all its processes. It
/// ends with this process too, even when that is killed: nothing goes on writing into a root that is being made anew.
fn namespace() -> Command {
    let mut unshare = Command::new("setpriv");
    unshare.args(["--pdeathsig", "KILL", "--", "unshare", "--mount", "--propagation", "private"]);
    unshare.args(["--pid", "--fork", "--kill-child", "--"]);
    // Nothing of this machine's environment is true inside the root.
    unshare.env_clear();
    unshare.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", "/root").env("LANG", "C.UTF-8");
    unshare
}

fn make_root(root: &Path, mirror: &str, run: &Run<'_>) -> anyhow::Result<()> {
    remove_root(root, run)?;
    let mut debootstrap = namespace();
    debootstrap.args(["debootstrap", "--variant=minbase", SUITE]).arg(root).arg(mirror);
    run(with_proxy(&mut debootstrap))?;
    let mut install = namespace();
    install
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["sh", "-ec", INSTALL, "sh"])
        .arg(root)
        .args(PACKAGES);
    run(with_proxy(&mut install))?;
    // The last thing to be written: a root without it was interrupted, and is made anew.
    fs::write(root.join(READY), RECIPE)?;
    Ok(())
}

const READY: &str = ".ready";

fn is_ready(root: &Path) -> bool {
    fs::read_to_string(root.join(READY)).is_ok_and(|recipe| recipe == RECIPE)
}

/// Removes what an interrupted or older run left. Mounts below it would be this machine's own files: they are taken away
/// first, and if one stays, nothing is removed.
fn remove_root(root: &Path, run: &Run<'_>) -> anyhow::Result<()> {
    if !root.exists() {
        return Ok(());
    }
    let mut mounts = mounts_below(root, &fs::read_to_string("/proc/self/mountinfo")?);
    // The innermost first.
    mounts.sort_by_key(|mount| std::cmp::Reverse(mount.components().count()));
    for mount in mounts {
        run(Command::new("umount").arg(&mount))?;
    }
    let left = mounts_below(root, &fs::read_to_string("/proc/self/mountinfo")?);
    anyhow::ensure!(left.is_empty(), "{} is still mounted", left[0].display());
    run(Command::new("rm").args(["-rf", "--one-file-system"]).arg(root))?;
    Ok(())
}

/// The mount points below `root` in the text of a mountinfo file, whose fifth field is the mount point.
fn mounts_below(root: &Path, mountinfo: &str) -> Vec<PathBuf> {
    let points = mountinfo.lines().filter_map(|line| line.split(' ').nth(4));
    points
        .map(|point| PathBuf::from(point.replace("\\040", " ")))
        .filter(|point| point.starts_with(root))
        .collect()
}

fn lock(root: &Path) -> Result<File, NotAvailable> {
    let path = root.with_extension("lock");
    let file = File::create(&path).and_then(|file| file.lock().map(|()| file));
    file.map_err(|error| no(format!("cannot lock {}: {error}", path.display())))
}

fn root_folder() -> Result<PathBuf, NotAvailable> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = cache.or_else(home).ok_or_else(|| no("neither XDG_CACHE_HOME nor HOME is set"))?;
    Ok(cache.join("ohmq").join(format!("swift-root-{SUITE}-{}", env::consts::ARCH)))
}

/// OpenStack's client is called `swift` too, so only the right answer counts.
fn on_path() -> bool {
    answer("swift", &["--version"])
        .and_then(|text| swift_version(&text))
        .is_some_and(|version| version >= LEAST)
}

fn swift_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers =
        text.split("Swift version ").nth(1)?.split(['.', ' ', '\n']).map(|word| word.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

fn may_enter_root() -> Result<(), NotAvailable> {
    if !cfg!(target_os = "linux") {
        return Err(no("there is no Swift 6 on PATH, and a Debian root needs Linux"));
    }
    if answer("id", &["-u"]).as_deref().map(str::trim) != Some("0") {
        return Err(no("there is no Swift 6 on PATH, and a Debian root needs the rights of root"));
    }
    let allowed = namespace().arg("true").output().is_ok_and(|output| output.status.success());
    if allowed {
        Ok(())
    } else {
        Err(no("there is no Swift 6 on PATH, and this system refuses mount namespaces"))
    }
}

fn may_make_root() -> Result<(), NotAvailable> {
    match answer("debootstrap", &["--version"]) {
        Some(_) => Ok(()),
        None => Err(no(
            "there is no Swift 6 on PATH, and no debootstrap to make a Debian root (install it with apt)",
        )),
    }
}

/// The address of the Debian mirror that this machine's own apt uses.
fn mirror() -> Result<String, NotAvailable> {
    let targets = answer("apt-get", &["indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(SITE)"]);
    debian_site(&targets.unwrap_or_default()).ok_or_else(|| no("apt's configuration names no Debian mirror"))
}

fn debian_site(targets: &str) -> Option<String> {
    // The label tells the archive itself from its security updates, which alone make no system.
    targets.lines().find_map(|line| line.strip_prefix("Debian|Debian|")).map(str::to_string)
}

/// Passes on how this machine reaches its mirror.
fn with_proxy(command: &mut Command) -> &mut Command {
    let from_apt = answer("apt-config", &["dump", "--format", "%v%n", "Acquire::http::Proxy"]);
    let from_apt = from_apt.map(|text| text.trim().to_string()).filter(|text| !text.is_empty());
    if let Some(proxy) = from_apt.or_else(|| env::var("http_proxy").ok()) {
        command.env("http_proxy", proxy);
    }
    command
}

fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn no(reason: impl Into<String>) -> NotAvailable {
    NotAvailable { reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_language_counts_as_swift() {
        assert_eq!(swift_version("Swift version 6.0.3 (swift-6.0.3-RELEASE)\nTarget: x\n"), Some((6, 0)));
        assert_eq!(swift_version("Apple Swift version 6.2 (swiftlang-6.2)"), Some((6, 2)));
        assert_eq!(swift_version("python-swiftclient 4.1.0"), None);
    }

    #[test]
    fn the_mirror_is_the_archive_and_not_its_updates() {
        let targets = "Debian|Debian-Security|http://a/debian-security\nOther||http://b/x\nDebian|Debian|http://c/debian\n";
        assert_eq!(debian_site(targets).as_deref(), Some("http://c/debian"));
        assert_eq!(debian_site("Ubuntu|Ubuntu|http://d/ubuntu\n"), None);
    }

    #[test]
    fn mounts_below_the_root_are_found() {
        let info = "24 1 0:22 / /proc rw - proc proc rw\n90 24 0:5 / /c/root\\040x/dev rw - devtmpfs d rw\n\
            91 90 0:6 / /c/root\\040x/dev/pts rw - devpts d rw\n92 24 0:7 / /c/root\\040xy rw - tmpfs t rw\n";
        let found = mounts_below(Path::new("/c/root x"), info);
        assert_eq!(found, [PathBuf::from("/c/root x/dev"), PathBuf::from("/c/root x/dev/pts")]);
        assert!(mounts_below(Path::new("/elsewhere"), info).is_empty());
    }

    #[test]
    fn the_reason_is_told_as_not_available() {
        assert_eq!(no("no debootstrap").to_string(), "not available: no debootstrap");
    }

    #[test]
    fn a_command_in_the_root_gets_its_folders_and_nothing_of_the_environment() {
        let swift = Swift::InRoot(PathBuf::from("/c/trixie"));
        let mut command = swift.command(Path::new("/repo/x"), &[Path::new("/repo")]);
        command.args(["build"]);
        let words: Vec<String> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        let tail = &words[words.len() - 5..];
        assert_eq!(tail[..2], ["/c/trixie", "/repo/x"]);
        assert!(tail[2].starts_with("/repo\n"));
        assert_eq!(tail[3..], ["swift", "build"]);
        assert!(swift.launcher()[0].starts_with("/c/trixie/lib"));
        assert!(Swift::OnPath.launcher().is_empty());
    }
}

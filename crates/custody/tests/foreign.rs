//! Private keys that ssh-keygen, openssl and nsc wrote are read, and nothing that only looks alike.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use data_encoding::{BASE64, BASE64_MIME};
use greatseal_core::Code;
use greatseal_core::key::Role;
use greatseal_custody::{CustodyFault, PassphraseFault, Seed};
use secrecy::ExposeSecret;

use crate::support::{PASSPHRASE, contains, name, passphrase, spellings};

fn run(command: &mut Command, package: &str) -> Vec<u8> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().unwrap_or_else(|error| {
        panic!("{program} cannot be started ({error}): install it with `apt-get install -y {package}`")
    });
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Makes a key of OpenSSH; returns its file and its public half.
fn ssh_key(folder: &Path, kind: &str, passphrase: &str, more: &[&str]) -> (PathBuf, Vec<u8>) {
    let path = folder.join(format!("key-{}", fs::read_dir(folder).unwrap().count()));
    let mut command = Command::new("ssh-keygen");
    run(command.args(["-q", "-t", kind, "-N", passphrase, "-f"]).arg(&path).args(more), "openssh-client");
    let public = fs::read_to_string(path.with_extension("pub")).unwrap();
    let blob = BASE64.decode(public.split(' ').nth(1).unwrap().as_bytes()).unwrap();
    (path, blob[blob.len() - 32..].to_vec())
}

fn read(bytes: &[u8], role: Option<Role>) -> Result<Seed, CustodyFault> {
    Seed::read_foreign(Path::new("the-file"), bytes, role, || {
        Err(PassphraseFault::Nobody { name: name("nobody") }.into())
    })
}

fn read_with(bytes: &[u8], word: &str) -> Result<Seed, CustodyFault> {
    Seed::read_foreign(Path::new("the-file"), bytes, Some(Role::Account), || Ok(passphrase(word)))
}

#[test]
fn keys_of_openssh_are_read() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..4 {
        let (path, public) = ssh_key(folder.path(), "ed25519", "", &[]);
        let bytes = fs::read(path).unwrap();
        for role in [Role::Operator, Role::Account, Role::User] {
            let seed = read(&bytes, Some(role)).unwrap();
            assert_eq!((seed.nkey().role(), &seed.nkey().raw().as_bytes()[..]), (role, &public[..]));
        }
        assert_eq!(read(&bytes, None).unwrap_err().code(), Code::SeedMalformed);
        assert_eq!(read(&bytes, Some(Role::Curve)).unwrap_err().code(), Code::SeedMalformed);
    }
}

#[test]
fn keys_of_openssh_with_a_passphrase_are_read() {
    let folder = tempfile::tempdir().unwrap();
    for more in [&["-a", "1"][..], &["-a", "16"], &["-a", "3", "-Z", "aes256-ctr"]] {
        let (path, public) = ssh_key(folder.path(), "ed25519", PASSPHRASE, more);
        let bytes = fs::read(path).unwrap();
        assert_eq!(read_with(&bytes, PASSPHRASE).unwrap().nkey().raw().as_bytes()[..], public);
        assert_eq!(read_with(&bytes, "wrong").unwrap_err(), CustodyFault::Locked { path: "the-file".into() });
        assert_eq!(read(&bytes, Some(Role::Account)).unwrap_err().code(), Code::CustodyPassphrase);
    }
    let (path, _) = ssh_key(folder.path(), "ed25519", PASSPHRASE, &["-a", "1", "-Z", "aes256-cbc"]);
    let fault = read_with(&fs::read(path).unwrap(), PASSPHRASE).unwrap_err();
    assert!(fault.to_string().contains("-Z aes256-ctr"), "{fault}");
}

#[test]
fn what_openssh_writes_of_other_kinds_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for kind in ["ecdsa", "rsa"] {
        let (path, _) = ssh_key(folder.path(), kind, "", &[]);
        let fault = read(&fs::read(path).unwrap(), Some(Role::Account)).unwrap_err();
        assert!(fault.to_string().contains("only keys of Ed25519"), "{kind}: {fault}");
    }
    let (path, _) = ssh_key(folder.path(), "rsa", "", &["-m", "PEM"]);
    let fault = read(&fs::read(path).unwrap(), Some(Role::Account)).unwrap_err();
    assert!(fault.to_string().contains("only keys of Ed25519"), "{fault}");
}

fn openssh_parts() -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let (path, public) = ssh_key(folder.path(), "ed25519", "", &[]);
    let text = fs::read_to_string(path).unwrap();
    let base64: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    (BASE64.decode(base64.as_bytes()).unwrap(), public)
}

fn armor(kind: &str, bytes: &[u8]) -> Vec<u8> {
    format!("-----BEGIN {kind}-----\n{}-----END {kind}-----\n", BASE64_MIME.encode(bytes)).into_bytes()
}

/// A changed byte gives an error, or stands where nothing is read: in the comment and the padding.
#[test]
fn no_damaged_key_of_openssh_becomes_another_key() {
    let (whole, public) = openssh_parts();
    let read = |bytes: &[u8]| read(&armor("OPENSSH PRIVATE KEY", bytes), Some(Role::Account));
    assert!(read(&whole).is_ok());
    for at in 0..whole.len() {
        assert!(read(&whole[..at]).is_err(), "cut at {at}");
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        if let Ok(seed) = read(&damaged) {
            assert_eq!(seed.nkey().raw().as_bytes()[..], public, "{at}");
        }
    }
}

/// The half that `ssh-keygen -y` and other programs show is looked at, though nothing is made of it.
#[test]
fn a_key_of_openssh_that_shows_another_public_half_is_refused() {
    let (whole, public) = openssh_parts();
    let at = whole.windows(32).position(|window| window == public).unwrap();
    for at in [at - 1, at - 5, at, at + 31] {
        let mut other = whole.clone();
        other[at] ^= 1;
        let answer = read(&armor("OPENSSH PRIVATE KEY", &other), Some(Role::Account));
        assert_eq!(answer.unwrap_err().code(), Code::SeedMalformed, "{at}");
    }
}

#[test]
fn of_several_private_keys_none_is_brought_in() {
    let (one, _) = openssh_parts();
    let openssh = armor("OPENSSH PRIVATE KEY", &one);
    let user = Seed::generate(Role::User).unwrap();
    let seed = format!(
        "-----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
        user.to_nkey_text().expose_secret()
    );
    let account = seed.replace("USER", "ACCOUNT");
    let ec = armor("EC PRIVATE KEY", b"other");
    for several in [
        [&openssh[..], &openssh],
        [seed.as_bytes(), seed.as_bytes()],
        [seed.as_bytes(), account.as_bytes()],
        [seed.as_bytes(), &openssh],
        [&openssh, &ec],
        [&ec, &openssh],
    ] {
        let fault = read(&several.concat(), Some(Role::User)).unwrap_err();
        assert!(fault.to_string().contains("several private keys"), "{fault}");
    }
    // What is no private key may stand there, too.
    for kind in ["CERTIFICATE", "PUBLIC KEY", "EC PARAMETERS"] {
        assert!(read(&[armor(kind, b"other"), openssh.clone()].concat(), Some(Role::User)).is_ok(), "{kind}");
    }
}

/// A file can ask for any number of rounds; this one would run for weeks.
#[test]
fn work_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = ssh_key(folder.path(), "ed25519", PASSPHRASE, &["-a", "16"]);
    let text = fs::read_to_string(path).unwrap();
    let base64: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let mut bytes = BASE64.decode(base64.as_bytes()).unwrap();
    let at = bytes.windows(8).position(|window| window == [0, 0, 0, 16, 0, 0, 0, 1]).unwrap();
    for rounds in [0u32, 257, u32::MAX] {
        bytes[at..at + 4].copy_from_slice(&rounds.to_be_bytes());
        let fault = read_with(&armor("OPENSSH PRIVATE KEY", &bytes), PASSPHRASE).unwrap_err();
        assert!(fault.to_string().contains("rounds of bcrypt"), "{fault}");
    }
}

#[test]
fn pkcs8_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    run(Command::new("openssl").args(["genpkey", "-algorithm", "ed25519", "-out"]).arg(&path), "openssl");
    let public = run(Command::new("openssl").args(["pkey", "-pubout", "-outform", "DER", "-in"]).arg(&path), "openssl");
    let public = &public[public.len() - 32..];
    let bytes = fs::read(&path).unwrap();
    let seed = read(&bytes, Some(Role::Module)).unwrap();
    assert_eq!((seed.nkey().role(), &seed.nkey().raw().as_bytes()[..]), (Role::Module, public));
    assert_eq!(read(&bytes, None).unwrap_err().code(), Code::SeedMalformed);

    // With the public half: as RFC 8410 has it, and as ring wrote it.
    let plain = run(Command::new("openssl").args(["pkey", "-outform", "DER", "-in"]).arg(&path), "openssl");
    let secret = &plain[16..];
    let with = |length: u8, between: &[u8], public: &[u8]| {
        let head = [&[0x30, length, 2, 1, 1], &plain[5..16]].concat();
        read(&armor("PRIVATE KEY", &[&head, secret, between, public].concat()), Some(Role::Account))
    };
    for (length, between) in [(0x51, &[0x81, 0x21, 0][..]), (0x53, &[0xa1, 0x23, 3, 0x21, 0])] {
        assert_eq!(with(length, between, public).unwrap().nkey().raw().as_bytes()[..], *public);
        assert!(with(length, between, &[7; 32]).is_err());
        assert!(with(length, between, &public[..31]).is_err());
    }
    for at in 0..16 {
        let mut damaged = plain.clone();
        damaged[at] ^= 1;
        assert!(read(&armor("PRIVATE KEY", &damaged), Some(Role::Account)).is_err(), "{at}");
    }
    assert!(read(&armor("PRIVATE KEY", &plain[..47]), Some(Role::Account)).is_err());
    assert!(read(&armor("PRIVATE KEY", &[&plain[..], b"x"].concat()), Some(Role::Account)).is_err());
}

#[test]
fn what_openssl_writes_of_other_kinds_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    for arguments in [
        &["genpkey", "-algorithm", "x25519"][..],
        &["genpkey", "-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        &["genpkey", "-algorithm", "ed448"],
        &["ecparam", "-genkey", "-noout", "-name", "prime256v1"],
    ] {
        run(Command::new("openssl").args(arguments).arg("-out").arg(&path), "openssl");
        let fault = read(&fs::read(&path).unwrap(), Some(Role::Account)).unwrap_err();
        assert_eq!(fault.code(), Code::SeedMalformed, "{arguments:?}");
    }
    let locked = ["genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:secret", "-out"];
    run(Command::new("openssl").args(locked).arg(&path), "openssl");
    let fault = read(&fs::read(&path).unwrap(), Some(Role::Account)).unwrap_err();
    assert!(fault.to_string().contains("with a passphrase is not read"), "{fault}");
}

/// As `nsc generate creds` writes them: the user's token first, then its seed.
#[test]
fn credentials_of_nats_are_read() {
    let seed = Seed::generate(Role::User).unwrap();
    let text = seed.to_nkey_text();
    let creds = format!(
        "-----BEGIN NATS USER JWT-----\neyJ0eXAiOiJKV1QifQ.e30.AA\n------END NATS USER JWT------\n\n\
         ************************* IMPORTANT *************************\n\
         NKEY Seed printed below can be used to sign and prove identity.\n\
         NKEYs are sensitive and should be treated as secrets.\n\n\
         -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n\n\
         *************************************************************\n",
        text.expose_secret()
    );
    for creds in [creds.clone(), creds.replace('\n', "\r\n"), creds.replace("------END", "-----END")] {
        assert_eq!(read(creds.as_bytes(), None).unwrap().nkey(), seed.nkey());
        assert_eq!(read(creds.as_bytes(), Some(Role::User)).unwrap().nkey(), seed.nkey());
        assert_eq!(read(creds.as_bytes(), Some(Role::Account)).unwrap_err().code(), Code::SeedMalformed);
    }
    let spoilt = creds.replace(text.expose_secret(), &text.expose_secret()[..57]);
    assert_eq!(read(spoilt.as_bytes(), None).unwrap_err().code(), Code::SeedMalformed);
}

#[test]
fn a_seed_alone_is_read_as_ever() {
    let seed = Seed::generate(Role::Operator).unwrap();
    let line = format!("{}\n", seed.to_nkey_text().expose_secret());
    assert_eq!(read(line.as_bytes(), None).unwrap().nkey(), seed.nkey());
    assert_eq!(read(line.as_bytes(), Some(Role::User)).unwrap_err().code(), Code::SeedMalformed);
    for bytes in [&b""[..], b"hello", b"-----BEGIN PRIVATE KEY-----", b"-----BEGIN OPENSSH PRIVATE KEY-----\n"] {
        assert_eq!(read(bytes, Some(Role::User)).unwrap_err().code(), Code::SeedMalformed);
    }
}

#[test]
fn no_fault_repeats_a_secret() {
    let (whole, _) = openssh_parts();
    let secret = read(&armor("OPENSSH PRIVATE KEY", &whole), Some(Role::Account)).unwrap();
    let bytes = data_encoding::BASE32_NOPAD.decode(secret.to_nkey_text().expose_secret().as_bytes()).unwrap();
    let mut said = String::new();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x80;
        for bytes in [armor("OPENSSH PRIVATE KEY", &damaged), armor("PRIVATE KEY", &damaged)] {
            if let Err(fault) = read(&bytes, Some(Role::Account)) {
                said += &format!("{fault} {fault:?}\n");
            }
        }
    }
    assert!(said.lines().count() > 100);
    for needle in spellings(&bytes[2..34]) {
        assert!(!contains(said.as_bytes(), &needle));
    }
}

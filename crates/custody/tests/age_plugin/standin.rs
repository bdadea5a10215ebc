//! `age-plugin-standin`: a small real age plugin (C2SP age-plugin), for the tests.
//!
//! It stands in for `age-plugin-yubikey`, because there is no hardware here, and protects nothing:
//! a recipient and its identity hold the same word, which is also the key. The word says how the
//! plugin behaves: `hang` waits for a touch that never comes, `pin` asks for a PIN, `fail`
//! complains, `die` ends without an answer; with all others it opens what is for the same word.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "it is a program of the tests"
)]

use std::io::{self, Stdin, Stdout};
use std::time::Duration;

use age_core::format::Stanza;
use age_core::plugin::{BidirSend, Connection, IDENTITY_V1, RECIPIENT_V1};
use age_core::primitives::{aead_decrypt, aead_encrypt, bech32_decode, hkdf};
use data_encoding::HEXLOWER;

const TAG: &str = "standin";

fn main() -> io::Result<()> {
    match std::env::args().nth(1).unwrap_or_default().strip_prefix("--age-plugin=") {
        Some(RECIPIENT_V1) => wrap(),
        Some(IDENTITY_V1) => unwrap(),
        _ => Err(io::Error::other("age starts this program")),
    }
}

fn word(text: &str) -> Vec<u8> {
    bech32_decode(text, |_| (), |_| Ok(()), |_, bytes| Ok(bytes.collect())).unwrap()
}

fn key(word: &[u8]) -> [u8; 32] {
    hkdf(b"", b"age-plugin-standin", word)
}

fn wrap() -> io::Result<()> {
    let mut connection = Connection::accept();
    let (recipients, file_keys, _, _) = connection.unidir_receive::<_, _, (), (), (), _, _, _, _>(
        ("add-recipient", |stanza| Ok(word(&stanza.args[0]))),
        ("wrap-file-key", |stanza| Ok(stanza.body)),
        (None, |_| Ok(())),
        (None, |_| Ok(())),
    )?;
    connection.bidir_send(|mut phase| {
        for (index, file_key) in file_keys.unwrap().iter().enumerate() {
            for word in recipients.as_ref().unwrap() {
                let args = vec![HEXLOWER.encode(word)];
                let stanza = Stanza { tag: TAG.into(), args, body: aead_encrypt(&key(word), file_key) };
                phase.send_stanza("recipient-stanza", &[&index.to_string()], &stanza)?.unwrap();
            }
        }
        Ok(())
    })
}

fn unwrap() -> io::Result<()> {
    let mut connection = Connection::accept();
    let (identities, stanzas, _, _) = connection.unidir_receive::<_, _, (), (), (), _, _, _, _>(
        ("add-identity", |stanza| Ok(word(&stanza.args[0]))),
        ("recipient-stanza", Ok),
        (None, |_| Ok(())),
        (None, |_| Ok(())),
    )?;
    let (identities, stanzas) = (identities.unwrap(), stanzas.unwrap());
    connection.bidir_send(|mut phase| {
        for (index, word) in identities.iter().enumerate() {
            // Its arguments are the file, the tag, and what the tag has.
            let ours = |stanza: &&Stanza| stanza.args[1] == TAG && stanza.args[2] == HEXLOWER.encode(word);
            let Some(stanza) = stanzas.iter().find(ours) else { continue };
            if !behave(word, index, &mut phase)? {
                continue;
            }
            let file_key = aead_decrypt(&key(word), 16, &stanza.body).unwrap();
            phase.send("file-key", &["0"], &file_key)?.unwrap();
            return Ok(());
        }
        Ok(())
    })
}

/// Does what the word says; says whether to go on.
fn behave(word: &[u8], index: usize, phase: &mut BidirSend<'_, Stdin, Stdout>) -> io::Result<bool> {
    let complain = |phase: &mut BidirSend<'_, Stdin, Stdout>, message: &str| {
        phase.send("error", &["identity", &index.to_string()], message.as_bytes())?.unwrap();
        Ok(false)
    };
    match word {
        b"hang" => {
            if let Some(path) = std::env::var_os("STANDIN_PROCESS") {
                std::fs::write(path, std::process::id().to_string())?;
            }
            phase.send("msg", &[], b"touch the device")?.unwrap();
            std::thread::sleep(Duration::from_secs(600));
            Ok(false)
        }
        b"pin" => match phase.send("request-secret", &[], b"PIN of the device")? {
            Ok(answer) if answer.body == b"123456" => Ok(true),
            Ok(_) => complain(phase, "this is not the PIN"),
            Err(_) => complain(phase, "a PIN is needed"),
        },
        b"fail" => complain(phase, "the device is not plugged in"),
        b"die" => std::process::exit(1),
        _ => Ok(true),
    }
}

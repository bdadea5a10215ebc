//! One flaw each, beside the archive without it.

use greatseal_core::Code;
use greatseal_testkit::chain::{Realm, module_token, provider, provider_token};
use greatseal_token::wascap::archive::{ArchiveFile, is_archive};
use tar::Header;

use crate::build::{Shop, entry, file, gzip, tar, target, with_header};

#[test]
fn a_program_swapped_or_changed() {
    let shop = Shop::new("swapped");
    let mut entries = shop.entries();
    let programs: Vec<Vec<u8>> = shop.parts.targets.values().cloned().collect();
    entries[2] = file("aarch64-linux.bin", &programs[1]);
    entries[3] = file("x86_64-linux.bin", &programs[0]);
    shop.refuses(&tar(&entries), Code::ArchiveHash);

    let mut entries = shop.entries();
    entries[3][512] ^= 1;
    shop.refuses(&tar(&entries), Code::ArchiveHash);
    let mut entries = shop.entries();
    entries[1] = file("world.wasm", b"another world");
    shop.refuses(&tar(&entries), Code::ArchiveHash);
    shop.allows(&tar(&shop.entries()));
}

#[test]
fn a_program_missing() {
    let shop = Shop::new("missing");
    for out in 1..4 {
        let mut entries = shop.entries();
        entries.remove(out);
        shop.refuses(&tar(&entries), Code::ArchiveMissing);
    }
    // The token says nothing of any program, so none is missing; there is nothing to run either.
    let token = shop.token([].into());
    shop.refuses(&tar(&[file("claims.jwt", token.bytes())]), Code::ArchiveMissing);
    let hashes = shop.parts.hashes().into_iter().filter(|(key, _)| key == "world.wasm").collect();
    let token = shop.token(hashes);
    shop.refuses(&tar(&[file("claims.jwt", token.bytes()), shop.entries()[1].clone()]), Code::ArchiveMissing);
}

#[test]
fn a_file_without_a_hash() {
    let shop = Shop::new("extra");
    let mut entries = shop.entries();
    entries.push(file("x86_64-macos.bin", b"added"));
    shop.refuses(&tar(&entries), Code::ArchiveUnlisted);
    // The reference panics at the first of these and takes the world on trust of nobody.
    for gone in ["x86_64-linux", "world.wasm"] {
        let mut hashes = shop.parts.hashes();
        hashes.remove(gone);
        let mut entries = shop.entries();
        entries[0] = file("claims.jwt", shop.token(hashes).bytes());
        shop.refuses(&tar(&entries), Code::ArchiveUnlisted);
    }
}

#[test]
fn hashes_that_are_spelled_otherwise() {
    let shop = Shop::new("spelling");
    for edit in [str::to_lowercase, |hash: &str| format!(" {hash}"), |hash: &str| hash[..63].to_owned()] {
        let hashes = shop.parts.hashes().into_iter().map(|(key, hash)| (key, edit(&hash))).collect();
        let mut entries = shop.entries();
        entries[0] = file("claims.jwt", shop.token(hashes).bytes());
        shop.refuses(&tar(&entries), Code::ArchiveHash);
    }
}

#[test]
fn two_tokens_and_two_programs_of_one_name() {
    let shop = Shop::new("twice");
    for twice in 0..4 {
        let mut entries = shop.entries();
        entries.push(entries[twice].clone());
        shop.refuses(&tar(&entries), Code::ArchiveDuplicate);
        let mut entries = shop.entries();
        entries.insert(1, entries[twice].clone());
        shop.refuses(&tar(&entries), Code::ArchiveDuplicate);
    }
}

#[test]
fn the_token_is_not_first() {
    let shop = Shop::new("first");
    let mut entries = shop.entries();
    entries.swap(0, 3);
    shop.refuses(&tar(&entries), Code::ArchiveUnsigned);
    entries.remove(3);
    shop.refuses(&tar(&entries), Code::ArchiveUnsigned);
    shop.refuses(&tar(&[]), Code::ArchiveUnsigned);
}

#[test]
fn links_folders_devices_and_extended_headers() {
    let shop = Shop::new("kinds");
    // Hard link, link, devices, folder, fifo, contiguous, GNU long names, sparse, volume, pax.
    for kind in *b"1234567LKSMVDNxgAZ \xff" {
        for at in [0, 1, 4] {
            let mut entries = shop.entries();
            entries.insert(at, entry("x86_64-macos.bin", kind, b""));
            shop.refuses(&tar(&entries), Code::ArchiveEntry);
        }
        let mut entries = shop.entries();
        entries[3] = entry("x86_64-linux.bin", kind, b"whatever");
        shop.refuses(&tar(&entries), Code::ArchiveEntry);
    }
    // A plain file of before 1988.
    let mut entries = shop.entries();
    entries[3] = entry("x86_64-linux.bin", 0, &shop.parts.targets[&target("x86_64-linux")]);
    shop.allows(&tar(&entries));
}

#[test]
fn a_pax_header_that_gives_another_length_or_name() {
    let shop = Shop::new("pax");
    for record in ["11 size=99\n", "19 path=claims.jwt\n", "22 GNU.sparse.major=1\n", "30 mtime=1\n"] {
        for kind in [b'x', b'g'] {
            let mut entries = shop.entries();
            entries.insert(1, entry("pax", kind, record.as_bytes()));
            shop.refuses(&tar(&entries), Code::ArchiveEntry);
        }
    }
}

#[test]
fn names_that_lead_elsewhere() {
    let shop = Shop::new("names");
    for name in [
        "../x86_64-macos.bin",
        "/x86_64-macos.bin",
        "./x86_64-macos.bin",
        "a/b.bin",
        "a\\b.bin",
        "..",
        ".",
        "/",
        "claims.bin",
        "world.bin",
        "world.wasm.bin",
        "x86_64-macos.so",
        "x86_64-macos.bin/",
        "CLAIMS.JWT",
        " .bin",
        "a/claims.jwt",
        "a/../claims.jwt",
        "x\n.bin",
    ] {
        let mut entries = shop.entries();
        entries.push(file(name, b"x"));
        shop.refuses(&tar(&entries), Code::ArchiveEntry);
    }
    // A folder in the second half of a name, which only a ustar header has.
    let mut header = Header::new_ustar();
    header.as_old_mut().name[..5].copy_from_slice(b"x.bin");
    header.as_ustar_mut().unwrap().prefix[..2].copy_from_slice(b"..");
    header.set_size(0);
    let mut entries = shop.entries();
    entries.push(with_header(header, b""));
    shop.refuses(&tar(&entries), Code::ArchiveEntry);
}

#[test]
fn lengths_that_readers_take_differently() {
    let shop = Shop::new("lengths");
    for size in
        [*b"00000000+10\0", *b"        10 \0", *b"\x80\0\0\0\0\0\0\0\0\0\0\x08", *b"0000000010\0\0", *b"000000000108"]
    {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..14].copy_from_slice(b"arm-darwin.bin");
        header.as_old_mut().size = size;
        let mut entries = shop.entries();
        entries.push(with_header(header, &[0; 8]));
        shop.refuses(&tar(&entries), Code::ArchiveEntry);
    }
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..14].copy_from_slice(b"arm-darwin.bin");
    header.as_old_mut().size = *b"77777777777\0";
    let mut entries = shop.entries();
    entries.push(with_header(header, b""));
    shop.refuses(&tar(&entries), Code::ArchiveTooLarge);
}

#[test]
fn what_nobody_vouches_for() {
    let shop = Shop::new("slack");
    let good = tar(&shop.entries());
    shop.refuses(&[&good[..], b"x"].concat(), Code::ArchiveTrailing);
    shop.refuses(&[&good[..], &shop.entries().concat()].concat(), Code::ArchiveTrailing);
    // A lone block of zeros, then more.
    shop.refuses(&tar(&[shop.entries().concat(), vec![0; 512], shop.entries().concat()]), Code::ArchiveTrailing);
    let mut slack = shop.entries();
    *slack[1].last_mut().unwrap() = 1;
    shop.refuses(&tar(&slack), Code::ArchiveMalformed);
    let mut checksum = shop.entries();
    checksum[2][100] ^= 1;
    shop.refuses(&tar(&checksum), Code::ArchiveMalformed);
}

#[test]
fn gzip_streams_that_are_cut_broken_or_two() {
    let shop = Shop::new("gzip");
    let good = gzip(&tar(&shop.entries()));
    shop.ask(&good).allowed();
    for length in [good.len() - 1, good.len() - 8, good.len() - 9, good.len() / 2, 20, 10, 3, 2] {
        assert_eq!(shop.ask(&good[..length]).denied(), Code::ArchiveMalformed, "{length}");
    }
    for member in [&good[..], &gzip(b"")[..], b"x", &[0; 512]] {
        assert_eq!(shop.ask(&[&good, member].concat()).denied(), Code::ArchiveTrailing);
    }
    // The same tar in two members: one reader sees half of it, another all.
    let tar = tar(&shop.entries());
    let (first, second) = tar.split_at(tar.len() / 2);
    assert_eq!(shop.ask(&[gzip(first), gzip(second)].concat()).denied(), Code::ArchiveMalformed);
    let (first, second) = tar.split_at(tar.len() - 1024);
    assert_eq!(shop.ask(&[gzip(first), gzip(second)].concat()).denied(), Code::ArchiveMalformed);
    for at in [good.len() - 5, good.len() - 1] {
        let mut broken = good.clone();
        broken[at] ^= 0x55;
        assert_eq!(shop.ask(&broken).denied(), Code::ArchiveMalformed, "{at}");
    }
}

#[test]
fn tars_that_are_cut() {
    let shop = Shop::new("cut");
    let good = tar(&shop.entries());
    for length in (0..good.len()).step_by(97).chain([good.len() - 1, good.len() - 512, good.len() - 1024]) {
        let code = shop.ask(&good[..length]).denied();
        assert_eq!(code, Code::ArchiveMalformed, "{length}");
        assert_eq!(shop.ask(&gzip(&good[..length])).denied(), Code::ArchiveMalformed, "{length}");
    }
}

#[test]
fn the_token_of_another_provider_or_of_no_provider() {
    let shop = Shop::new("transplant");
    let other = Shop::new("transplanted");
    let mut entries = shop.entries();
    entries[0] = other.entries()[0].clone();
    // A stranger's, and then one of the same account.
    shop.refuses(&tar(&entries), Code::CodeIssuer);
    let sibling = provider_token(&provider("sibling"), &shop.realm.account_signer).targets(other.parts.hashes()).sign();
    entries[0] = file("claims.jwt", sibling.bytes());
    shop.refuses(&tar(&entries), Code::ArchiveHash);

    let module = module_token(&shop.realm.module, &shop.realm.account_signer).sign();
    for token in [&module, &shop.realm.tenant, &shop.realm.root] {
        entries[0] = file("claims.jwt", token.bytes());
        shop.refuses(&tar(&entries), Code::ClaimsEntity);
    }
    for (junk, code) in [(&b""[..], Code::TokenEmpty), (b"junk", Code::TokenFrame)] {
        entries[0] = file("claims.jwt", junk);
        shop.refuses(&tar(&entries), code);
    }
}

#[test]
fn a_chain_that_does_not_hold() {
    let shop = Shop::new("chain");
    let good = tar(&shop.entries());
    assert_eq!(shop.ask(&good).untrusted().trust(&Realm::new("stranger").operator).denied(), Code::OperatorUntrusted);
    let alone = provider_token(&shop.provider, &shop.provider).targets(shop.parts.hashes()).sign();
    let mut entries = shop.entries();
    entries[0] = file("claims.jwt", alone.bytes());
    shop.refuses(&tar(&entries), Code::CodeSelfIssued);
    // The reference looks at no signature.
    let token = shop.token(shop.parts.hashes());
    let (signed, signature) = token.text().rsplit_once('.').unwrap();
    let flip = if signature.starts_with('B') { 'C' } else { 'B' };
    entries[0] = file("claims.jwt", format!("{signed}.{flip}{}", &signature[1..]).as_bytes());
    shop.refuses(&tar(&entries), Code::SignatureInvalid);
    // A newer token of the provider replaces the one inside.
    let newer = provider_token(&shop.provider, &shop.realm.account_signer).iat(greatseal_testkit::chain::AT).sign();
    assert_eq!(shop.ask(&good).with([&newer]).denied(), Code::Superseded);
}

#[test]
fn what_is_no_archive_at_all() {
    for bytes in [&b""[..], b"x", b"\0asm\x01\0\0\0", b"\x1f\x8b", b"PK\x03\x04", &[0x1f; 600]] {
        assert!(ArchiveFile::open(bytes).is_err());
    }
    assert!(!is_archive(b"") && !is_archive(b"eyJ0") && is_archive(b"\x1f\x8b\x08"));
}

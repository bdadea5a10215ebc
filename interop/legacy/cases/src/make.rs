//! The cases that are tokens, and the combinations of versions.

use crate::folder::{Case, Folder, Kind, Manifest, Verdict, add_across, now};
use crate::keys::*;
use crate::{Dates, Listing, Provider, Result, Wascap, make_modules};
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;

/// Twenty years: dated files stay valid for as long as anybody runs them.
const LONG: u64 = 20 * 365 * 86_400;

/// Validity windows around the moment of the run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Windows {
    /// From now, for twenty years.
    pub(crate) dated: Dates,
    /// Over a second after the run.
    pub(crate) expired: Dates,
    /// Beginning in twenty years.
    pub(crate) early: Dates,
}

impl Windows {
    fn around(now: u64) -> Self {
        let dates = |not_before, expires| Dates { not_before, expires };
        Self {
            dated: dates(Some(now), Some(now + LONG)),
            expired: dates(None, Some(now + 1)),
            early: dates(Some(now + LONG), None),
        }
    }
}

/// Has one version sign every case it has claim types for.
pub fn make<W: Wascap>(root: &Path) -> Result<()> {
    let windows = Windows::around(now()?);
    let mut folder = Folder::create(root, W::VERSION)?;
    operators::<W>(&mut folder, windows)?;
    accounts::<W>(&mut folder, windows)?;
    make_modules::modules::<W>(&mut folder, windows)?;
    providers::<W>(&mut folder, windows)?;
    without_chain::<W>(&mut folder)?;
    folder.finish()
}

fn operators<W: Wascap>(folder: &mut Folder, windows: Windows) -> Result<()> {
    let always = Dates::default();
    let full = Listing { name: Some("Legacy Root"), signers: Some(&[&OP_SIGNER_1, &OP_SIGNER_2]) };
    let token = W::operator(&OP_IDENTITY, &OP_IDENTITY, always, &full)?;
    folder.token(Kind::Operator, "operator", "named, two signing keys", &token)?;

    let unnamed = Listing { name: None, signers: Some(&[&OP_TWO_SIGNER]) };
    let token = W::operator(&OP_TWO, &OP_TWO, windows.dated, &unnamed)?;
    folder.token(Kind::Operator, "operator-dated", "name null, nbf and exp", &token)?.trusting(&OP_TWO);

    let empty = Listing { name: Some("Lists nobody"), signers: Some(&[]) };
    let token = W::operator(&OP_EMPTY, &OP_EMPTY, always, &empty)?;
    folder
        .token(Kind::Operator, "operator-empty", "valid_signers is []", &token)?
        .trusting(&OP_EMPTY)
        .rejected("operator lists no signing key");

    let null = Listing { name: Some("Lists nobody"), signers: None };
    let token = W::operator(&OP_NULL, &OP_NULL, always, &null)?;
    folder
        .token(Kind::Operator, "operator-null", "valid_signers is null", &token)?
        .trusting(&OP_NULL)
        .rejected("operator lists no signing key");
    Ok(())
}

fn accounts<W: Wascap>(folder: &mut Folder, windows: Windows) -> Result<()> {
    let always = Dates::default();
    let named = |signers| Listing { name: Some("Legacy Payments"), signers };
    let full = named(Some(&[&ACCT_SIGNER_1, &ACCT_SIGNER_2]));
    let token = W::account(&OP_SIGNER_1, &ACCT_IDENTITY, always, &full)?;
    folder.token(Kind::Account, "account", "named, two signing keys", &token)?.with(&["operator.jwt"]);

    let unnamed = Listing { name: None, signers: Some(&[&ACCT_DATED_SIGNER]) };
    let token = W::account(&OP_SIGNER_2, &ACCT_DATED, windows.dated, &unnamed)?;
    folder.token(Kind::Account, "account-dated", "name null, nbf and exp", &token)?.with(&["operator.jwt"]);

    let token = W::account(&OP_SIGNER_2, &ACCT_EMPTY, always, &named(Some(&[])))?;
    folder.token(Kind::Account, "account-empty", "valid_signers is []", &token)?.with(&["operator.jwt"]);

    let token = W::account(&OP_SIGNER_2, &ACCT_NULL, always, &named(None))?;
    folder.token(Kind::Account, "account-null", "valid_signers is null", &token)?.with(&["operator.jwt"]);

    let token = W::account(&OP_IDENTITY, &ACCT_BY_IDENTITY, always, &named(Some(&[])))?;
    folder
        .token(Kind::Account, "account-by-identity", "issued by the operator's identity", &token)?
        .with(&["operator.jwt"])
        .rejected("account issued by the operator's identity key");
    Ok(())
}

fn providers<W: Wascap>(folder: &mut Folder, windows: Windows) -> Result<()> {
    let hash = |digit: &str| digit.repeat(64);
    let full = Provider {
        name: Some("Legacy Messaging".into()),
        capid: "wasmcloud:messaging".into(),
        vendor: "Acme".into(),
        rev: Some(7),
        ver: Some("1.2.3".into()),
        target_hashes: HashMap::from([("x86_64-linux".into(), hash("A")), ("aarch64-macos".into(), hash("B"))]),
        config_schema: Some(json!({"type": "object", "properties": {"url": {"type": "string"}}})),
    };
    if let Some(token) = W::provider(&ACCT_SIGNER_1, &PROVIDER_FULL, windows.dated, &full)? {
        folder
            .token(Kind::Provider, "provider", "every field, by an account signing key", &token)?
            .with(&["operator.jwt", "account.jwt"]);
    }
    let bare = Provider { capid: "legacy:bare".into(), ..Provider::default() };
    if let Some(token) = W::provider(&ACCT_IDENTITY, &PROVIDER_BARE, Dates::default(), &bare)? {
        folder
            .token(Kind::Provider, "provider-bare", "name null, no hashes, by the identity", &token)?
            .with(&["operator.jwt", "account.jwt"]);
    }
    Ok(())
}

fn without_chain<W: Wascap>(folder: &mut Folder) -> Result<()> {
    let listings = [
        ("cluster", &CLUSTER_ONE, Some("Legacy Lattice"), Some(&[&CLUSTER_SIGNER][..])),
        ("cluster-empty", &CLUSTER_EMPTY, Some(""), Some(&[][..])),
        ("cluster-null", &CLUSTER_NULL, None, None),
    ];
    for (file, of, name, signers) in listings {
        let listing = Listing { name, signers };
        if let Some(token) = W::cluster(&OP_SIGNER_1, of, Dates::default(), &listing)? {
            folder.token(Kind::Cluster, file, "issued by an operator signing key", &token)?.inspected();
        }
    }

    // As hosts really did it: the subject is the invocation's UUID and no key, the issuer was the
    // host at first and its cluster later.
    let uuid = "3f0a6c5e-9d2b-4a51-8d0e-6a1f7b1c2d3e";
    for (file, by) in [("invocation-by-host", &HOST_ONE), ("invocation-by-cluster", &CLUSTER_ONE)] {
        let token = W::invocation(by, uuid)?;
        folder.token(Kind::Invocation, file, "subject is a UUID", &token)?.inspected();
    }

    // As hosts really did it: an account key made for the occasion signs for the host.
    let host = |of, name, labels| W::host(&HOST_ISSUER, of, name, labels);
    let hosts = [
        ("host", host(&HOST_ONE, Some("aged-brook-1234"), Some(&[("self_signed", "true")][..]))?),
        ("host-blank", host(&HOST_BLANK, Some(""), Some(&[][..]))?),
        ("host-bare", host(&HOST_BARE, None, None)?),
    ];
    for (file, token) in hosts {
        if let Some(token) = token {
            folder.token(Kind::Host, file, "issued by a loose account key", &token)?.inspected();
        }
    }

    let token = W::untyped(&OP_SIGNER_1, &ACCT_IDENTITY)?;
    folder.token(Kind::Account, "untyped", "no wascap object at all", &token)?.inspected();
    Ok(())
}

/// Chains whose links were signed by different versions: tokens outlive the crate that wrote them.
pub fn across(root: &Path, versions: &[&str]) -> Result<()> {
    let manifest = Manifest::read(root)?;
    let mut cases = Vec::new();
    for (position, leaf) in versions.iter().enumerate() {
        let operator = versions.get((position + 1) % versions.len()).unwrap_or(leaf);
        let account = versions.get((position + 2) % versions.len()).unwrap_or(leaf);
        let original = manifest.cases.iter().find(|case| case.id == format!("{leaf}-module"));
        let original = original.ok_or_else(|| format!("no module by {leaf}"))?;
        cases.push(Case {
            id: format!("across-{leaf}"),
            description: format!("operator by {operator}, account by {account}, module by {leaf}"),
            with: vec![format!("{operator}/operator.jwt"), format!("{account}/account.jwt")],
            expected_strict: Verdict::Accept,
            ..original.clone()
        });
    }
    add_across(root, cases)
}

//! The versions that share a lock file, each with the claim types it has.

use legacy_cases::{Key, Result, Wascap, cluster_claims, module_claims, provider_claims, shared_claims};

/// 0.6.1: the last published release before 0.8 and the first with clusters.
#[derive(Debug)]
pub(crate) struct V06;

impl Wascap for V06 {
    const VERSION: &'static str = "0.6.1";
    const KNOWS_NEW_SECTION: bool = false;
    shared_claims!(wascap_06);
    module_claims!(wascap_06, Actor, [caps], [call_alias]);
    cluster_claims!(wascap_06);
    provider_claims!(wascap_06, [capid], []);
}

/// 0.9.2: rewrites every module with padded section lengths before it hashes it.
#[derive(Debug)]
pub(crate) struct V09;

impl Wascap for V09 {
    const VERSION: &'static str = "0.9.2";
    shared_claims!(wascap_09);
    module_claims!(wascap_09, Actor, [caps], [call_alias]);
    cluster_claims!(wascap_09);
    provider_claims!(wascap_09, [capid], []);
}

/// 0.11.2: signs components; providers have a `config_schema`.
#[derive(Debug)]
pub(crate) struct V11;

impl Wascap for V11 {
    const VERSION: &'static str = "0.11.2";
    const COMPONENTS: bool = true;
    shared_claims!(wascap_11);
    module_claims!(wascap_11, Actor, [caps], [call_alias]);
    cluster_claims!(wascap_11);
    provider_claims!(wascap_11, [capid], [config_schema]);
}

/// 0.16.2: no capabilities any more; hosts.
#[derive(Debug)]
pub(crate) struct V16;

impl Wascap for V16 {
    const VERSION: &'static str = "0.16.2";
    const COMPONENTS: bool = true;
    shared_claims!(wascap_16);
    module_claims!(wascap_16, Component, [], [call_alias]);
    cluster_claims!(wascap_16);
    provider_claims!(wascap_16, [], [config_schema]);

    fn host(by: &Key, of: &Key, name: Option<&str>, labels: Option<&[(&str, &str)]>) -> Result<Option<String>> {
        use wascap_16::jwt::{Claims, Host};
        let mut claims = Claims::<Host>::new(String::new(), by.public.into(), of.public.into(), None);
        let labels =
            labels.map(|labels| labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect());
        claims.metadata = Some(Host { name: name.map(str::to_owned), labels });
        let signer = wascap_16::prelude::KeyPair::from_seed(by.seed_test_only)?;
        Ok(Some(claims.encode(&signer)?))
    }
}

//! Bodies that are the same text for several versions but name different crates, hence macros.

/// Signs the claims of an operator, account or cluster.
#[macro_export]
macro_rules! listing {
    ($wascap:ident, $kind:ident, $by:expr, $of:expr, $dates:expr, $listing:expr) => {{
        use $wascap::jwt::{Claims, $kind};
        let mut claims = Claims::<$kind>::with_dates(
            String::new(),
            $by.public.to_owned(),
            $of.public.to_owned(),
            $dates.not_before,
            $dates.expires,
            Vec::new(),
        );
        // The constructors cannot leave a field out; the public struct can.
        claims.metadata = Some($kind { name: $listing.name.map(str::to_owned), valid_signers: $listing.public_keys() });
        let signer = $wascap::prelude::KeyPair::from_seed($by.seed_test_only)?;
        claims.encode(&signer)?
    }};
}

/// The claim types that every version has.
#[macro_export]
macro_rules! shared_claims {
    ($wascap:ident) => {
        fn operator(
            by: &$crate::Key,
            of: &$crate::Key,
            dates: $crate::Dates,
            listing: &$crate::Listing<'_>,
        ) -> $crate::Result<String> {
            Ok($crate::listing!($wascap, Operator, by, of, dates, listing))
        }

        fn account(
            by: &$crate::Key,
            of: &$crate::Key,
            dates: $crate::Dates,
            listing: &$crate::Listing<'_>,
        ) -> $crate::Result<String> {
            Ok($crate::listing!($wascap, Account, by, of, dates, listing))
        }

        fn invocation(by: &$crate::Key, subject: &str) -> $crate::Result<String> {
            use $wascap::prelude::{Claims, Invocation, KeyPair};
            let claims = Claims::<Invocation>::new(
                by.public.to_owned(),
                subject.to_owned(),
                "wasmbus://wasmcloud/messaging/default/HandleMessage",
                "wasmbus://MAVJFQC6QLGALFW23LUNAX4GIMXXGLDGM7MV5LHCUR4QET2PQYYXPVU4",
                "2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824",
            );
            Ok(claims.encode(&KeyPair::from_seed(by.seed_test_only)?)?)
        }

        fn untyped(by: &$crate::Key, of: &$crate::Key) -> $crate::Result<String> {
            use $wascap::prelude::{Account, ClaimsBuilder, KeyPair};
            let claims = ClaimsBuilder::<Account>::new().issuer(by.public).subject(of.public).build();
            Ok(claims.encode(&KeyPair::from_seed(by.seed_test_only)?)?)
        }
    };
}

/// Module signing. The type is `Actor` or `Component`; the brackets name the fields that only some
/// versions have: before the tags, and at the end.
#[macro_export]
macro_rules! module_claims {
    ($wascap:ident, $kind:ident, [$($caps:ident)?], [$($alias:ident)?]) => {
        fn module(
            by: &$crate::Key,
            of: &$crate::Key,
            dates: $crate::Dates,
            claims: &$crate::Module,
            wasm: &[u8],
        ) -> $crate::Result<Vec<u8>> {
            use $wascap::prelude::{Claims, KeyPair, $kind};
            let mut signed = Claims::<$kind>::with_dates(
                claims.name.clone().unwrap_or_default(),
                by.public.to_owned(),
                of.public.to_owned(),
                $(claims.$caps.clone(),)?
                claims.tags.clone(),
                dates.not_before,
                dates.expires,
                claims.prov,
                claims.rev,
                claims.ver.clone(),
                $(claims.$alias.clone(),)?
            );
            if let (None, Some(metadata)) = (&claims.name, &mut signed.metadata) {
                metadata.name = None;
            }
            let signer = KeyPair::from_seed(by.seed_test_only)?;
            Ok($wascap::wasm::embed_claims(wasm, &signed, &signer)?)
        }

        fn built(
            by: &$crate::Key,
            of: &$crate::Key,
            name: &str,
            wasm: &[u8],
        ) -> $crate::Result<Vec<u8>> {
            use $wascap::prelude::{ClaimsBuilder, KeyPair, $kind};
            let metadata = $kind { name: Some(name.to_owned()), ..$kind::default() };
            let claims = ClaimsBuilder::<$kind>::new()
                .issuer(by.public)
                .subject(of.public)
                .with_metadata(metadata)
                .build();
            let signer = KeyPair::from_seed(by.seed_test_only)?;
            Ok($wascap::wasm::embed_claims(wasm, &claims, &signer)?)
        }
    };
}

/// Cluster tokens, which exist from 0.6.1.
#[macro_export]
macro_rules! cluster_claims {
    ($wascap:ident) => {
        fn cluster(
            by: &$crate::Key,
            of: &$crate::Key,
            dates: $crate::Dates,
            listing: &$crate::Listing<'_>,
        ) -> $crate::Result<Option<String>> {
            Ok(Some($crate::listing!($wascap, Cluster, by, of, dates, listing)))
        }
    };
}

/// Provider tokens; the brackets name `capid` (up to 0.13) and `config_schema` (from 0.11).
#[macro_export]
macro_rules! provider_claims {
    ($wascap:ident, [$($capid:ident)?], [$($schema:ident)?]) => {
        fn provider(
            by: &$crate::Key,
            of: &$crate::Key,
            dates: $crate::Dates,
            claims: &$crate::Provider,
        ) -> $crate::Result<Option<String>> {
            use $wascap::jwt::{CapabilityProvider, Claims};
            let mut signed = Claims::<CapabilityProvider>::with_dates(
                String::new(),
                by.public.to_owned(),
                of.public.to_owned(),
                $(claims.$capid.clone(),)?
                String::new(),
                None,
                None,
                claims.target_hashes.clone(),
                dates.not_before,
                dates.expires,
            );
            // The constructors cannot leave a field out; the public struct can.
            signed.metadata = Some(CapabilityProvider {
                name: claims.name.clone(),
                vendor: claims.vendor.clone(),
                rev: claims.rev,
                ver: claims.ver.clone(),
                target_hashes: claims.target_hashes.clone(),
                $($capid: claims.$capid.clone(),)?
                $($schema: claims.$schema.clone(),)?
            });
            let signer = $wascap::prelude::KeyPair::from_seed(by.seed_test_only)?;
            Ok(Some(signed.encode(&signer)?))
        }
    };
}

//! Peers on comparable tokens, reported without a bar.

use std::time::Duration;

use biscuit_auth::builder::{Algorithm, AuthorizerBuilder, BlockBuilder};
use biscuit_auth::builder_ext::{AuthorizerExt as _, BuilderExt as _};
use biscuit_auth::{AuthorizerLimits, Biscuit, KeyPair, PrivateKey, PublicKey, error};
use nkeys::KeyPairType;
use wascap::jwt;

use crate::failure::Failure;
use crate::material::signing_key;
use crate::measure::{Subject, together};
use crate::ours::baseline;

pub(crate) fn all() -> Result<Vec<Subject>, Failure> {
    let mut subjects = vec![wascap_token()?];
    subjects.extend(biscuit()?);
    Ok(subjects)
}

/// One token through `validate_token`, which knows of no chain.
fn wascap_token() -> Result<Subject, Failure> {
    const NAME: &str = "peer-wascap-token";
    let refused = |_| Failure::Refused { name: NAME };
    let key = |name| nkeys::KeyPair::new_from_raw(KeyPairType::Operator, signing_key(name).to_bytes());
    let (identity, signer) = (key("peer").map_err(|_| refused(()))?, key("peer signer").map_err(|_| refused(()))?);
    let claims = jwt::Claims::<jwt::Operator>::new(
        "acme".into(),
        identity.public_key(),
        identity.public_key(),
        vec![signer.public_key()],
    );
    let token = claims.encode(&identity).map_err(|_| refused(()))?;
    match jwt::validate_token::<jwt::Operator>(&token) {
        Ok(validation) if validation.signature_valid => {}
        Ok(_) | Err(_) => return Err(refused(())),
    }
    let detail = format!("wascap 0.16.2 validate_token: operator token of {} bytes", token.len());
    let run = together(move || jwt::validate_token::<jwt::Operator>(&token).is_ok());
    Ok(Subject::new(NAME, detail, run, baseline()))
}

/// A token of two blocks, verified; and with its checks run.
fn biscuit() -> Result<[Subject; 2], Failure> {
    const VERIFY: &str = "peer-biscuit-2-blocks-verify";
    const AUTHORIZE: &str = "peer-biscuit-2-blocks-authorize";
    let (root, bytes) = two_blocks().map_err(|_| Failure::Refused { name: VERIFY })?;
    authorize(&bytes, root).map_err(|_| Failure::Refused { name: AUTHORIZE })?;
    let detail = |what| format!("biscuit-auth 6.0.0, two blocks, {what}: {} bytes", bytes.len());
    let (verified, authorized) = (detail("signatures"), detail("signatures and authorization"));
    let same = bytes.clone();
    Ok([
        Subject::new(VERIFY, verified, together(move || Biscuit::from(&bytes, root).is_ok()), baseline()),
        Subject::new(AUTHORIZE, authorized, together(move || authorize(&same, root).is_ok()), baseline()),
    ])
}

fn two_blocks() -> Result<(PublicKey, Vec<u8>), error::Token> {
    let pair = |name| -> Result<KeyPair, error::Token> {
        let private = PrivateKey::from_bytes(&signing_key(name).to_bytes(), Algorithm::Ed25519)?;
        Ok(KeyPair::from(&private))
    };
    let root = pair("biscuit root")?;
    let token = Biscuit::builder()
        .fact("right(\"file1\", \"read\")")?
        .fact("right(\"file2\", \"read\")")?
        .fact("right(\"file1\", \"write\")")?
        .build(&root)?;
    let narrowed = BlockBuilder::new().check_resource("file1").check_operation("read");
    let token = token.append_with_keypair(&pair("biscuit second")?, narrowed)?;
    Ok((root.public(), token.to_vec()?))
}

fn authorize(bytes: &[u8], root: PublicKey) -> Result<usize, error::Token> {
    let token = Biscuit::from(bytes, root)?;
    let mut authorizer =
        AuthorizerBuilder::new().fact("resource(\"file1\")")?.fact("operation(\"read\")")?.allow_all().build(&token)?;
    // The limit in time would turn a busy machine into a refusal.
    authorizer.authorize_with_limits(AuthorizerLimits { max_time: Duration::from_secs(10), ..Default::default() })
}

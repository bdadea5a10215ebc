//! Seeds of `deeds`: one of each kind as it is written, and each way to be refused.

use greatseal_fuzz::naive::{deed, token};

const NKEY: &str = "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT";
const ACCOUNT: &str = "AAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QPZV";
const DID: &str = "did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd";

const ENDORSEMENT: u8 = 0;
const COUNTERSIGNATURE: u8 = 1;
const REVOCATION: u8 = 2;
const TOKEN: u8 = 3;

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let id = "5a".repeat(32);
    let deed = |kind: u8, iss: &str, members: &str| {
        let claims = format!(r#"{{"jti":"KjL0p","iat":1800000000,"iss":"{iss}"{members}}}"#);
        [&[kind], claims.as_bytes()].concat()
    };
    let of = format!(r#","of":"{id}""#);
    let statement = format!(r#","statement":"{id}""#);
    let edge = format!(r#","edge":{{"issuer":"{NKEY}","subject":"{ACCOUNT}"}}"#);
    let key = format!(r#","key":"{DID}""#);
    let log = format!(r#","log_size":18446744073709551615,"log_root":"{id}""#);
    let mut inputs = vec![
        deed(ENDORSEMENT, NKEY, &of),
        deed(ENDORSEMENT, DID, &of),
        deed(COUNTERSIGNATURE, ACCOUNT, &of),
        deed(REVOCATION, NKEY, &statement),
        deed(REVOCATION, NKEY, &edge),
        deed(REVOCATION, DID, &key),
        deed(REVOCATION, DID, &format!("{key}{log}")),
        deed(REVOCATION, NKEY, &format!("{edge}{log}")),
        // Of another kind, of several, or of none.
        deed(TOKEN, NKEY, &of),
        deed(ENDORSEMENT, NKEY, ""),
        deed(ENDORSEMENT, NKEY, &key),
        deed(ENDORSEMENT, NKEY, &format!("{of}{statement}")),
        deed(COUNTERSIGNATURE, NKEY, &format!("{of}{edge}")),
        deed(COUNTERSIGNATURE, NKEY, &format!("{of}{log}")),
        deed(REVOCATION, NKEY, ""),
        deed(REVOCATION, NKEY, &of),
        deed(REVOCATION, NKEY, &format!("{statement}{key}")),
        deed(REVOCATION, NKEY, &log),
        // Members that are double, unknown, missing or wrong.
        deed(ENDORSEMENT, NKEY, &format!("{of}{of}")),
        deed(ENDORSEMENT, NKEY, &format!(r#"{of},"\u006ff":"{id}""#)),
        deed(ENDORSEMENT, NKEY, &format!(r#"{of},"exp":1"#)),
        deed(ENDORSEMENT, NKEY, &format!(r#"{of},"x":null"#)),
        deed(ENDORSEMENT, NKEY, &of.to_uppercase().replace("OF", "of")),
        deed(ENDORSEMENT, NKEY, r#","of":"00""#),
        deed(ENDORSEMENT, NKEY, r#","of":null"#),
        deed(ENDORSEMENT, &NKEY.to_lowercase(), &of),
        deed(ENDORSEMENT, "did:web:example.org", &of),
        deed(REVOCATION, NKEY, &format!(r#"{statement},"log_size":1"#)),
        deed(REVOCATION, NKEY, &format!(r#"{statement},"log_root":"{id}""#)),
        deed(REVOCATION, NKEY, &format!(r#"{statement},"log_size":1.0,"log_root":"{id}""#)),
        deed(REVOCATION, NKEY, &format!(r#"{statement},"log_size":-1,"log_root":"{id}""#)),
        deed(REVOCATION, NKEY, &format!(r#","edge":{{"issuer":"{NKEY}"}}"#)),
        deed(REVOCATION, NKEY, &format!(r#","edge":{{"issuer":"{NKEY}","issuer":"{NKEY}"}}"#)),
        deed(REVOCATION, NKEY, &format!(r#","edge":{{"issuer":"{NKEY}","subject":"{DID}","more":"x"}}"#)),
        deed(REVOCATION, NKEY, &format!(r#","edge":["{NKEY}","{DID}"]"#)),
        deed(ENDORSEMENT, NKEY, &format!(r#","iat":1{of}"#)),
        [&[ENDORSEMENT], format!(r#"["KjL0p",1800000000,"{NKEY}","{id}"]"#).as_bytes()].concat(),
        [
            &[ENDORSEMENT],
            format!(" {{\n\"iss\":\"{NKEY}\",\t\"jti\":\"\\u0000\\/é\\ud83d\\ude00\"{of},\r\"iat\":0}} ").as_bytes(),
        ]
        .concat(),
    ];
    // Whole texts: good, and framed wrongly.
    let claims = format!(r#"{{"jti":"KjL0p","iat":1,"iss":"{NKEY}"{of}}}"#);
    let whole = |header: &[u8]| token::join(header, claims.as_bytes(), &[7; 64]);
    inputs.extend(deed::HEADERS.map(whole));
    inputs.push([whole(deed::HEADERS[0]), b"\n".to_vec()].concat());
    inputs.push([whole(deed::HEADERS[0]), b".".to_vec()].concat());
    inputs.push(whole(br#"{"typ":"greatseal-delegation","alg":"Ed25519"}"#));
    inputs.push(whole(br#"{"alg":"Ed25519","typ":"greatseal-endorsement"}"#));
    inputs.push(token::join(deed::HEADERS[0], claims.as_bytes(), &[7; 63]));
    inputs
}

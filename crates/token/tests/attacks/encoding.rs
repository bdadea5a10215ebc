//! What two readers could read differently: headers, arrays for objects, names twice, depth.

use std::collections::BTreeMap;

use greatseal_core::Code;
use greatseal_testkit::chain::{
    Draft, HEADER, Realm, Token, account_token, module_token, operator_token, provider, provider_token, unchecked,
};
use greatseal_token::wascap::Entity;
use serde_json::Value;
use wascap::jwt::{Account, CapabilityProvider, Component, Operator};

use crate::peer;

fn leaf_draft(realm: &Realm) -> Draft {
    module_token(&realm.module, &realm.account)
}

/// A provider's claims that use every map there is.
fn provider_draft(realm: &Realm) -> Draft {
    let draft = provider_token(&provider("maps"), &realm.account);
    let Entity::Provider(mut claims) = draft.claims().entity.clone() else { panic!("it is a provider") };
    claims.target_hashes = BTreeMap::from([("x86_64-linux".to_owned(), "AA".to_owned())]);
    claims.config_schema = Some(serde_json::json!({ "type": "object", "inner": [{ "deep": 1 }] }));
    greatseal_testkit::chain::claims_token(Entity::Provider(claims), &realm.account)
}

#[test]
fn the_header_as_an_array() {
    let realm = Realm::new("header array");
    let token = leaf_draft(&realm).under(r#"["jwt","Ed25519"]"#);
    assert!(peer::accepts::<Component>(&token));
    assert_eq!(realm.verify(&token).denied(), Code::TokenHeader);
    realm.verify(&leaf_draft(&realm).under(HEADER)).allowed();
}

#[test]
fn members_of_the_header_that_change_how_it_is_read() {
    let realm = Realm::new("header members");
    for member in [r#""crit":["exp"]"#, r#""jwk":{"kty":"OKP"}"#, r#""b64":false"#, r#""kid":"1""#, r#""x":1,"x":2"#] {
        let token = leaf_draft(&realm).under(&format!("{},{member}}}", HEADER.strip_suffix('}').unwrap()));
        assert!(peer::accepts::<Component>(&token), "{member}");
        assert_eq!(realm.verify(&token).denied(), Code::TokenHeader, "{member}");
    }
    realm.verify(&leaf_draft(&realm).sign()).allowed();
}

#[test]
fn the_header_in_other_spellings() {
    let realm = Realm::new("header spellings");
    let lax = [
        r#"{"alg":"Ed25519","typ":"jwt"}"#,
        r#"{"typ": "jwt", "alg": "Ed25519"}"#,
        r#"{"typ":"jw\u0074","alg":"Ed25519"}"#,
    ];
    for header in lax {
        let token = leaf_draft(&realm).under(header);
        assert!(peer::accepts::<Component>(&token), "{header}");
        assert_eq!(realm.verify(&token).denied(), Code::TokenHeader, "{header}");
    }
    let other = [
        r#"{"typ":"JWT","alg":"Ed25519"}"#,
        r#"{"typ":"jwt","alg":"EdDSA"}"#,
        r#"{"typ":"jwt","alg":"ed25519-nkey"}"#,
        r#"{"typ":"jwt","alg":"none"}"#,
        "",
    ];
    for header in other {
        assert_eq!(realm.verify(&leaf_draft(&realm).under(header)).denied(), Code::TokenHeader, "{header}");
    }
    realm.verify(&leaf_draft(&realm).sign()).allowed();
}

#[test]
fn the_claims_as_an_array() {
    let realm = Realm::new("claims array");
    let claims: Value = serde_json::from_str(&leaf_draft(&realm).json()).unwrap();
    let array = serde_json::json!([
        null,
        claims["jti"],
        claims["iat"],
        claims["iss"],
        claims["sub"],
        null,
        claims["wascap"],
        3
    ]);
    let token = unchecked(HEADER, &array.to_string(), &realm.account);
    assert!(peer::accepts::<Component>(&token));
    assert_eq!(realm.verify(&token).denied(), Code::TokenJson);
    realm.verify(&leaf_draft(&realm).sign()).allowed();
}

#[test]
fn the_wascap_object_as_an_array() {
    let realm = Realm::new("wascap array");
    let array = |draft: &Draft, wascap: &str| {
        let claims: Value = serde_json::from_str(&draft.json()).unwrap();
        let fields = serde_json::from_str::<Value>(wascap).unwrap();
        let mut changed = claims;
        changed["wascap"] = fields;
        draft.edited(|_| changed.to_string())
    };
    let hash = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";
    let leaf = array(&leaf_draft(&realm), &format!(r#"["name","{hash}",null,1,null,null,false]"#));
    assert!(peer::accepts::<Component>(&leaf));
    assert_eq!(realm.verify(&leaf).denied(), Code::TokenJson);

    let draft = account_token(&realm.account, &realm.operator_signer);
    let tenant = array(&draft, r#"["name",[]]"#);
    assert!(peer::accepts::<Account>(&tenant));
    assert_eq!(realm.verify_under(&tenant, &realm.root, &tenant).denied(), Code::TokenJson);
    realm.verify(&array(&leaf_draft(&realm), &format!(r#"{{"hash":"{hash}"}}"#))).allowed();
}

#[test]
fn a_claim_twice() {
    let realm = Realm::new("claim twice");
    for name in ["jti", "iat", "iss", "sub", "wascap", "wascap_revision"] {
        let claims: Value = serde_json::from_str(&leaf_draft(&realm).json()).unwrap();
        let token = leaf_draft(&realm).adding(&format!(r#""{name}":{}"#, claims[name]));
        assert_eq!(realm.verify(&token).denied(), Code::TokenDuplicate, "{name}");
    }
    for name in ["exp", "nbf"] {
        let token = leaf_draft(&realm).adding(&format!(r#""{name}":null,"{name}":null"#));
        assert_eq!(realm.verify(&token).denied(), Code::TokenDuplicate, "{name}");
        realm.verify(&leaf_draft(&realm).adding(&format!(r#""{name}":null"#))).allowed();
    }
}

#[test]
fn an_unknown_claim_twice() {
    let realm = Realm::new("unknown twice");
    let token = leaf_draft(&realm).adding(r#""x":1,"y":2,"x":1"#);
    assert!(peer::accepts::<Component>(&token));
    assert_eq!(realm.verify(&token).denied(), Code::TokenDuplicate);
    realm.verify(&leaf_draft(&realm).adding(r#""x":1,"y":2,"z":1"#)).allowed();
}

#[test]
fn a_name_twice_inside_an_unknown_claim() {
    let realm = Realm::new("inside unknown");
    for (twice, once) in [
        (r#""x":{"a":1,"a":2}"#, r#""x":{"a":1,"b":2}"#),
        (r#""x":[[{"a":{},"b":0,"a":{}}]]"#, r#""x":[[{"a":{}},{"a":{}}]]"#),
    ] {
        let token = leaf_draft(&realm).adding(twice);
        assert!(peer::accepts::<Component>(&token), "{twice}");
        assert_eq!(realm.verify(&token).denied(), Code::TokenDuplicate, "{twice}");
        realm.verify(&leaf_draft(&realm).adding(once)).allowed();
    }
}

#[test]
fn a_name_twice_under_wascap() {
    let realm = Realm::new("under wascap");
    for (piece, twice) in [
        (r#""rev":1"#, r#""rev":1,"rev":1"#),
        (r#""prov":false"#, r#""prov":false,"prov":true"#),
        (r#""name":"module""#, r#""name":"module","name":"other""#),
    ] {
        assert_eq!(realm.verify(&leaf_draft(&realm).replacing(piece, twice)).denied(), Code::TokenDuplicate, "{twice}");
    }
    let token = leaf_draft(&realm).replacing(r#""rev":1"#, r#""rev":1,"x":1,"x":2"#);
    assert!(peer::accepts::<Component>(&token));
    assert_eq!(realm.verify(&token).denied(), Code::TokenDuplicate);
    realm.verify(&leaf_draft(&realm).replacing(r#""rev":1"#, r#""rev":1,"x":1,"z":2"#)).allowed();
}

#[test]
fn a_signing_key_listing_twice() {
    let realm = Realm::new("listing twice");
    let draft = operator_token(&realm.operator).lists([&realm.operator_signer]);
    let listing = format!(r#""valid_signers":["{}"]"#, realm.operator_signer);
    let root = draft.replacing(&listing, &format!(r#"{listing},"valid_signers":[]"#));
    assert!(!peer::accepts::<Operator>(&root));
    assert_eq!(realm.verify_under(&root, &root, &realm.tenant).denied(), Code::TokenDuplicate);
    realm.verify(&draft.sign()).allowed();
}

#[test]
fn a_target_twice_among_the_hashes() {
    let realm = Realm::new("hashes");
    let piece = r#""x86_64-linux":"AA""#;
    let token = provider_draft(&realm).replacing(piece, &format!(r#"{piece},"x86_64-linux":"BB""#));
    assert!(peer::accepts::<CapabilityProvider>(&token));
    assert_eq!(realm.verify(&token).denied(), Code::TokenDuplicate);
    let other = provider_draft(&realm).replacing(piece, &format!(r#"{piece},"aarch64-linux":"BB""#));
    realm.verify(&other).allowed();
}

#[test]
fn a_name_twice_inside_a_schema() {
    let realm = Realm::new("schema");
    for (piece, twice) in
        [(r#""type":"object""#, r#""type":"object","type":"array""#), (r#"{"deep":1}"#, r#"{"deep":1,"deep":2}"#)]
    {
        let token = provider_draft(&realm).replacing(piece, twice);
        assert!(peer::accepts::<CapabilityProvider>(&token), "{twice}");
        assert_eq!(realm.verify(&token).denied(), Code::TokenDuplicate, "{twice}");
    }
    realm.verify(&provider_draft(&realm).sign()).allowed();
}

#[test]
fn a_label_of_a_host_twice() {
    let realm = Realm::new("labels");
    let host = greatseal_testkit::chain::key(greatseal_core::key::Role::Host, "labels");
    let claims = |labels: &str| {
        let json = format!(
            r#"{{"jti":"1","iat":1,"iss":"{}","sub":"{host}","wascap":{{"name":"h","labels":{labels}}}}}"#,
            realm.account
        );
        unchecked(HEADER, &json, &realm.account)
    };
    let token = claims(r#"{"zone":"a","zone":"b"}"#);
    assert!(peer::accepts::<wascap::jwt::Host>(&token));
    assert_eq!(realm.verify(&token).denied(), Code::TokenDuplicate);
    // No chain leads to a host: this far it comes when its labels are clean.
    assert_eq!(realm.verify(&claims(r#"{"zone":"a","rack":"b"}"#)).denied(), Code::NoRule);
}

#[test]
fn a_name_twice_by_an_escape() {
    let realm = Realm::new("escapes");
    let known = leaf_draft(&realm).adding(&format!(r#""\u0069ss":"{}""#, realm.account));
    let unknown = leaf_draft(&realm).adding(r#""x":1,"\u0078":2"#);
    let nested = leaf_draft(&realm).adding(r#""x":{"\/":1,"/":2}"#);
    let hashes = provider_draft(&realm).replacing(r#""x86_64-linux":"AA""#, r#""a":"AA","\u0061":"BB""#);
    assert!(peer::accepts::<Component>(&unknown) && peer::accepts::<Component>(&nested));
    assert!(peer::accepts::<CapabilityProvider>(&hashes));
    for token in [&known, &unknown, &nested, &hashes] {
        assert_eq!(realm.verify(token).denied(), Code::TokenDuplicate);
    }
    // An escape by itself is another spelling of the same name, once.
    realm.verify(&leaf_draft(&realm).replacing(r#""iss""#, r#""\u0069ss""#)).allowed();
}

#[test]
fn the_succession_claim_is_not_passed_over() {
    let realm = Realm::new("succession");
    let root = operator_token(&realm.operator).lists([&realm.operator_signer]);
    for name in ["greatseal", r"\u0067reatseal", r"great\u0073eal"] {
        let claimed = root.adding(&format!(r#""{name}":{{"seq":0}}"#));
        assert!(peer::accepts::<Operator>(&claimed));
        assert_eq!(realm.verify_under(&claimed, &claimed, &realm.tenant).denied(), Code::ClaimsField);
        // A token that is not understood does not speak for its operator either.
        assert_eq!(realm.verify_under(&realm.tenant, &claimed, &realm.tenant).denied(), Code::ChainIncomplete);
        let leaf = leaf_draft(&realm).adding(&format!(r#""{name}":null"#));
        assert_eq!(realm.verify(&leaf).denied(), Code::TokenJson);
        let terms = r#"{"seq":0,"prev":null,"threshold":1,"next":null,"pair":false,"accounts":"plain"}"#;
        let leaf = leaf_draft(&realm).adding(&format!(r#""{name}":{terms}"#));
        assert_eq!(realm.verify(&leaf).denied(), Code::ClaimsSuccession);
        let sound = root.adding(&format!(r#""{name}":{terms}"#));
        realm.verify_under(&realm.tenant, &sound, &realm.tenant).allowed();
        let doubtful = root.adding(&format!(r#""{name}":{}"#, terms.replace("}", r#","grace":9}"#)));
        assert_eq!(realm.verify_under(&doubtful, &doubtful, &realm.tenant).denied(), Code::TokenJson);
    }
    let other = root.adding(r#""greatsea":{"seq":0}"#);
    realm.verify_under(&realm.tenant, &other, &realm.tenant).allowed();
}

#[test]
fn nesting_without_end() {
    let realm = Realm::new("depth");
    let nested = |levels: usize| format!(r#""x":{}{}"#, "[".repeat(levels), "]".repeat(levels));
    realm.verify(&leaf_draft(&realm).adding(&nested(60))).allowed();
    for levels in [64, 100] {
        assert_eq!(realm.verify(&leaf_draft(&realm).adding(&nested(levels))).denied(), Code::TokenDepth, "{levels}");
    }
    // Deeper than the parser itself goes.
    let objects = format!(r#""x":{}1{}"#, r#"{"a":"#.repeat(5000), "}".repeat(5000));
    assert_eq!(realm.verify(&leaf_draft(&realm).adding(&objects)).denied(), Code::TokenDepth);
}

#[test]
fn claims_of_other_types() {
    let realm = Realm::new("types");
    for (piece, other) in [
        (r#""iat":1799999000"#, r#""iat":-1"#),
        (r#""iat":1799999000"#, r#""iat":1799999000.0"#),
        (r#""iat":1799999000"#, r#""iat":"1799999000""#),
        (r#""iat":1799999000"#, r#""iat":18446744073709551616"#),
        (r#""rev":1"#, r#""rev":2147483648"#),
        (r#""prov":false"#, r#""prov":null"#),
        (r#""name":"module""#, r#""name":1"#),
        (r#""wascap_revision":3"#, r#""wascap_revision":-3"#),
    ] {
        assert_eq!(realm.verify(&leaf_draft(&realm).replacing(piece, other)).denied(), Code::ClaimsField, "{other}");
    }
    for (piece, other) in [("{\"jti\"", "{jti"), (r#""rev":1"#, r#""rev":01"#), (r#""rev":1"#, r#""rev":1,"#)] {
        let code = realm.verify(&leaf_draft(&realm).replacing(piece, other)).denied();
        assert!([Code::TokenJson, Code::ClaimsField].contains(&code), "{other}: {code}");
    }
    for missing in ["iat", "jti", "iss", "sub"] {
        let mut claims: Value = serde_json::from_str(&leaf_draft(&realm).json()).unwrap();
        claims.as_object_mut().unwrap().remove(missing);
        let token = leaf_draft(&realm).edited(|_| claims.to_string());
        assert_eq!(realm.verify(&token).denied(), Code::ClaimsField, "{missing}");
    }
    realm.verify(&leaf_draft(&realm).sign()).allowed();
}

#[test]
fn text_around_the_token() {
    let realm = Realm::new("frame");
    let text = realm.leaf.text();
    let mangled = [
        (format!("{text}\n"), Code::TokenFrame),
        (format!(" {text}"), Code::TokenFrame),
        (format!("{text}="), Code::TokenFrame),
        (format!("{text}."), Code::TokenFrame),
        (format!("{text}.{text}"), Code::TokenFrame),
        (text.replace('.', ".."), Code::TokenFrame),
        (text.rsplit_once('.').unwrap().0.to_owned(), Code::TokenFrame),
        (String::new(), Code::TokenEmpty),
        ("A".repeat(64 * 1024 + 1), Code::TokenTooLarge),
    ];
    for (text, code) in mangled {
        assert_eq!(realm.verify(&Token::new(text.clone())).denied(), code, "{text}");
    }
    realm.verify(&realm.leaf).allowed();
}

#[test]
fn the_last_character_of_a_signature_has_unused_bits() {
    let realm = Realm::new("trailing bits");
    let text = realm.leaf.text();
    let (rest, last) = text.split_at(text.len() - 1);
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let value = alphabet.iter().position(|c| char::from(*c) == last.chars().next().unwrap()).unwrap();
    // 86 characters hold 516 bits: four are over, and have to be zero.
    assert_eq!(value % 16, 0);
    for bits in 1..16 {
        let token = Token::new(format!("{rest}{}", char::from(alphabet[value + bits])));
        assert_eq!(realm.verify(&token).denied(), Code::TokenFrame, "{bits}");
    }
    realm.verify(&realm.leaf).allowed();
}

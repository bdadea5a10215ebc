# The least that signing and `greatseal custody doctor` need, for one key: put its name in the place of
# acme.payments-signing-1, twice, and write it with `bao policy write`.

# Sign. Not `transit/sign/*`: that would be every key.
path "transit/sign/acme.payments-signing-1" {
  capabilities = ["update"]
}

# Read the public key, the versions and the flags.
path "transit/keys/acme.payments-signing-1" {
  capabilities = ["read"]
}

# Ask what this token may do. The default policy grants it already; this stands here for tokens without that.
path "sys/capabilities-self" {
  capabilities = ["update"]
}

#!/bin/sh
# Prepares the volumes of the trial once: certificate, the client's key, the gateway's state, the coach's login.
set -eu
cd /etc/coachgate
if [ -e ready ]; then exit 0; fi
cp /trial/config.toml coachgate.toml
cp /trial/clients.toml .
mkdir -p tls dana
chmod 700 dana
python3 - <<'PY'
import datetime, pathlib
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
key, name, now = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")]), datetime.datetime.now(datetime.UTC)
certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(now).not_valid_after(now + datetime.timedelta(days=365))
               .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False).sign(key, hashes.SHA256()))
pathlib.Path("tls/certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
pathlib.Path("tls/key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
PY
gpg --homedir dana --batch --quiet --passphrase '' --quick-generate-key 'Dana Whitfield <dana@home.example>' future-default default 1y
gpg --homedir dana --batch --quiet --armor --output dana/public.asc --export dana@home.example
gpgconf --homedir dana --kill all
chmod 600 tls/key.pem
chown -R coachgate: /etc/coachgate /var/lib/coachgate
as() { setpriv --reuid=coachgate --regid=coachgate --clear-groups --no-new-privs coachgate --config /etc/coachgate/coachgate.toml "$@"; }
as init
echo trial-only | as user add coach --role coach --password-stdin
as client import clients.toml
touch ready

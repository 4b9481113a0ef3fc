import { execFileSync } from 'node:child_process';
import path from 'node:path';

/** Makes a key and a certificate for an address that is its own authority, by openssl. */
export function makeCertificate(directory: string, address = '127.0.0.1'): { keyFile: string; caFile: string } {
  const keyFile = path.join(directory, 'key.pem');
  const caFile = path.join(directory, 'ca.crt');
  const arguments_ = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=aimass-test -addext subjectAltName=IP:${address},DNS:localhost -keyout ${keyFile} -out ${caFile}`;
  execFileSync('openssl', arguments_.split(' '), { stdio: 'ignore' });
  return { keyFile, caFile };
}

// An OpenID provider by HTTPS on loopback: node provider.js PORT CERTIFICATE KEY. A client of it has access tokens for the
// edge, which are JWTs, by its secret.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import Provider from 'oidc-provider';

const [port, cert, key] = process.argv.slice(2);
const resource = {
    scope: 'tunnels',
    audience: 'tunnel.example.com',
    accessTokenFormat: 'jwt',
    accessTokenTTL: 600,
};
const provider = new Provider(`https://localhost:${port}`, {
    clients: [
        {
            client_id: 'shop-ci',
            client_secret: 'correct-horse-battery-staple',
            grant_types: ['client_credentials'],
            redirect_uris: [],
            response_types: [],
        },
    ],
    features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
        resourceIndicators: { enabled: true, getResourceServerInfo: () => resource },
    },
});
createServer({ cert: readFileSync(cert), key: readFileSync(key) }, provider.callback())
    .listen(Number(port), '127.0.0.1', () => console.log('provider is ready'));

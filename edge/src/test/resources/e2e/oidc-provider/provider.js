// An OpenID provider by HTTPS on loopback: node provider.js PORT CERTIFICATE KEY [PLACE]. One client of it has access tokens
// for the edge, which are JWTs, by its secret. With the other people sign in, with any name, which is their address, and any
// password; they are sent back to the place. Who is at example.com belongs to a group.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import Provider from 'oidc-provider';

const [port, cert, key, place] = process.argv.slice(2);
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
        ...(place ? [{ client_id: 'culvert', client_secret: 'correct-horse-battery-staple', redirect_uris: [place] }] : []),
    ],
    claims: { email: ['email', 'email_verified'], groups: ['groups'] },
    features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: Boolean(place) },
        resourceIndicators: {
            enabled: true,
            getResourceServerInfo: () => resource,
            useGrantedResource: () => false,
        },
    },
    findAccount: (context, id) => ({
        accountId: id,
        claims: () => ({
            sub: id,
            email: id,
            email_verified: true,
            groups: id.endsWith('@example.com') ? ['everybody', 'Night Shift'] : ['everybody'],
        }),
    }),
    pkce: { required: () => true },
});
createServer({ cert: readFileSync(cert), key: readFileSync(key) }, provider.callback())
    .listen(Number(port), '127.0.0.1', () => console.log('provider is ready'));

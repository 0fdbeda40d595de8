// An authorization server that is not ours: the certified oidc-provider, with one endpoint added, the first-party
// authorization challenge, which it does not know. Codes, PKCE, grants, rotation, detection of reuse, revocation and
// metadata are the provider's own. It prints its origin, and ends when its standard input does.
//
// Environment: METADATA=openid hides the OAuth metadata, so that only OpenID's is left.

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";

import Provider from "oidc-provider";

const CLIENT = "internetplus-app";
const REDIRECT = "fr.consoetmoi.app:/signed-in"; // native apps of other identity providers; never used here
const PEOPLE = new Map([["camille@demo.example", "Soleil-2026"]]);

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const origin = `http://127.0.0.1:${server.address().port}`;
  server.on("request", provider(origin).callback());
  console.log(origin);
});
process.stdin.resume().on("end", () => process.exit(0));

function provider(origin) {
  const scopes = ["openid", "offline_access", "internetplus:read", "internetplus:write"];
  const made = new Provider(origin, {
    clients: [
      {
        client_id: CLIENT,
        application_type: "native",
        token_endpoint_auth_method: "none",
        redirect_uris: [REDIRECT],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        scope: scopes.join(" "),
      },
    ],
    scopes,
    pkce: { required: () => true },
    rotateRefreshToken: true,
    allowOmittingSingleRegisteredRedirectUri: true,
    issueRefreshToken: (_ctx, client, code) =>
      client.grantTypeAllowed("refresh_token") && code.scopes.has("offline_access"),
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    discovery: { authorization_challenge_endpoint: `${origin}/authorization-challenge` },
    features: { devInteractions: { enabled: false }, revocation: { enabled: true }, resourceIndicators: { enabled: false } },
    ttl: { AccessToken: 300, AuthorizationCode: 60, Grant: 86400, IdToken: 300, RefreshToken: 86400 },
  });
  const sessions = new Map(); // auth_session: what the first step said

  async function challenge(ctx) {
    const form = new URLSearchParams(await text(ctx.req));
    const refuse = (error, more = {}) => Object.assign(ctx, { status: 400, body: { error, ...more } });
    const again = (step, error) => {
      const id = randomUUID();
      sessions.set(id, step);
      refuse(error, { auth_session: id });
    };
    ctx.set("cache-control", "no-store");
    if (form.get("client_id") !== CLIENT) return refuse("invalid_client");
    if (!form.has("auth_session")) {
      const step = Object.fromEntries(form);
      if (step.response_type !== "code" || step.code_challenge_method !== "S256") return refuse("invalid_request");
      return again(step, "insufficient_authorization");
    }
    const step = sessions.get(form.get("auth_session"));
    sessions.delete(form.get("auth_session"));
    if (!step) return refuse("invalid_session");
    if (form.get("password") !== PEOPLE.get(step.login_hint)) return again(step, "access_denied");

    const accountId = step.login_hint;
    const scope = `openid ${step.scope}`; // more than asked for: an id_token comes with the tokens
    const grant = new made.Grant({ accountId, clientId: CLIENT });
    grant.addOIDCScope(scope);
    const code = new made.AuthorizationCode({
      accountId,
      client: await made.Client.find(CLIENT),
      grantId: await grant.save(),
      gty: "authorization_code",
      authTime: Math.floor(Date.now() / 1000),
      scope,
      redirectUri: REDIRECT,
      codeChallenge: step.code_challenge,
      codeChallengeMethod: "S256",
    });
    ctx.body = { authorization_code: await code.save() };
  }

  async function me(ctx) {
    const [, value] = (ctx.get("authorization") ?? "").split(" ");
    const token = value && (await made.AccessToken.find(value));
    if (!token || token.isExpired) {
      ctx.status = 401;
      ctx.set("www-authenticate", 'Bearer error="invalid_token"');
      return;
    }
    ctx.body = { subscriberId: token.accountId, displayName: "Camille Martin", contracts: [] };
  }

  // For tests only: the access token is as if five minutes had passed.
  async function outdate(ctx) {
    const token = await made.AccessToken.find(ctx.query.token);
    await token.destroy();
    ctx.body = {};
  }

  made.use(async (ctx, next) => {
    if (ctx.path === "/authorization-challenge") return challenge(ctx);
    if (ctx.path === "/v1/me") return me(ctx);
    if (ctx.path === "/tests/outdate") return outdate(ctx);
    const hidden = process.env.METADATA === "openid" && ctx.path === "/.well-known/oauth-authorization-server";
    return hidden ? undefined : next();
  });
  return made;
}

async function text(stream) {
  let whole = "";
  for await (const chunk of stream) whole += chunk;
  return whole;
}

import type * as client from 'openid-client';
import { isLoopbackAddress } from '../http/port/loopback.ts';
import type { Principal } from '../tokens/principal.ts';
import { accessOfRoles } from './roles.ts';

/** The settings of sign-in by OpenID Connect. */
export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The claim that has a person's roles. Default: `roles`. */
  readonly rolesClaim?: string | undefined;
  /** The address of this server in browsers. Default: as a request names it. */
  readonly publicUrl?: string | undefined;
}

/** The library loads at the first sign-in. */
const library = async (): Promise<typeof client> => import('openid-client');

/** The values of one sign-in, which its browser keeps until it comes back. */
export interface SignInState {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** The path to return to. */
  readonly back: string;
}

/** A person who signed in without a role. */
export class NoRoleError extends Error {}

/**
 * The identity provider. It is asked for its addresses at the first sign-in, and may be down until
 * then.
 */
export class IdentityProvider {
  readonly #settings: OidcSettings;
  #configuration: Promise<client.Configuration> | undefined;

  constructor(settings: OidcSettings) {
    this.#settings = settings;
  }

  /** Begins a sign-in: its values, and the address of the provider's sign-in page. */
  async begin(back: string, callback: string): Promise<{ readonly state: SignInState; readonly url: URL }> {
    const client = await library();
    const [state, nonce] = [client.randomState(), client.randomNonce()];
    const verifier = client.randomPKCECodeVerifier();
    const url = client.buildAuthorizationUrl(await this.#discovered(), {
      redirect_uri: callback,
      scope: 'openid profile email',
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    return { state: { state, nonce, verifier, back }, url };
  }

  /**
   * The person whom the provider sent back.
   * @throws {NoRoleError} if the person has no role here.
   * @throws {Error} if the provider refused, or the response is not one to this sign-in.
   */
  async person(url: URL, { state, nonce, verifier }: SignInState): Promise<Principal> {
    const client = await library();
    const configuration = await this.#discovered();
    const tokens = await client.authorizationCodeGrant(configuration, url, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (claims === undefined) throw new Error('the identity provider sent no ID token');
    const { rolesClaim = 'roles' } = this.#settings;
    const hasAll = rolesClaim in claims && nameIn(claims) !== undefined;
    const more =
      hasAll || configuration.serverMetadata().userinfo_endpoint === undefined
        ? {}
        : await client.fetchUserInfo(configuration, tokens.access_token, claims.sub);
    const all: Readonly<Record<string, unknown>> = { ...more, ...claims };
    const name = nameIn(all) ?? claims.sub;
    const access = accessOfRoles(all[rolesClaim]);
    if (access === undefined) {
      const remedy = `give the account graylane-write or another role in the claim "${rolesClaim}"`;
      throw new NoRoleError(`${name} has no role here: ${remedy}`);
    }
    return { name, ...access };
  }

  #discovered(): Promise<client.Configuration> {
    this.#configuration ??= this.#discover().catch((error: unknown) => {
      this.#configuration = undefined;
      throw error;
    });
    return this.#configuration;
  }

  async #discover(): Promise<client.Configuration> {
    const { discovery, allowInsecureRequests } = await library();
    const { issuer, clientId, clientSecret } = this.#settings;
    const url = new URL(issuer);
    const insecure = url.protocol === 'http:' && isLoopbackAddress(url.hostname);
    return discovery(url, clientId, clientSecret, undefined, {
      timeout: 10,
      ...(insecure && { execute: [allowInsecureRequests] }),
    });
  }
}

/** The name by which a person is the author of changes. */
function nameIn(claims: Readonly<Record<string, unknown>>): string | undefined {
  const { email, preferred_username: username } = claims;
  return [email, username].find((name): name is string => typeof name === 'string' && name !== '');
}

/**
 * Stands for `node:crypto` where there is no Node: signatures are synchronous, and WebCrypto is
 * not.
 */
function unavailable(): never {
  throw new Error(
    'Signing keys need node:crypto, which this runtime lacks. Sign and verify lanes in a service on Node, ' +
      'and use the ingress mode "accept" or "strip" here.',
  );
}

export { unavailable as createHmac, unavailable as createSecretKey, unavailable as timingSafeEqual };

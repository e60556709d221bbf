/**
 * Why a provider's start fails. One that had no time even to try, on a machine that stood still, is
 * given more.
 */
export async function failedStart(start: (startTimeoutMs: number) => Promise<unknown>): Promise<string> {
  for (let startTimeoutMs = 100; ; startTimeoutMs *= 4) {
    const why = await start(startTimeoutMs).then(
      () => 'it has started',
      (error: Error) => error.message,
    );
    if (!why.includes('the source has not responded yet')) return why;
  }
}

// Prometheus text of a running role, read as an operator's scraper would.

/** Sum of all series of a metric; undefined when there is none, or nobody answers. */
export async function metric(
  url: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number | undefined> {
  const text = await scrape(url);
  let sum: number | undefined;
  for (const line of text.split('\n')) {
    const series = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (series?.[1] !== name) continue;
    const has = ([key, value]: [string, string]) => series[2]?.includes(`${key}="${value}"`);
    if (Object.entries(labels).every(has)) sum = (sum ?? 0) + Number(series[3]);
  }
  return sum;
}

export async function scrape(url: string): Promise<string> {
  try {
    const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5_000) });
    return await response.text();
  } catch {
    return '';
  }
}

/** Where the DNS of the Consul at `http://127.0.0.1:port` answers: `host:port`. */
export async function consulDnsAddress(address: string): Promise<string> {
  const self = (await (await fetch(`${address}/v1/agent/self`)).json()) as {
    DebugConfig: { DNSPort: number };
  };
  return `127.0.0.1:${self.DebugConfig.DNSPort}`;
}

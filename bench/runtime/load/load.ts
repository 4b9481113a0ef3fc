/** How to load a server. */
export interface Load {
  port: number;
  connections: number;
  seconds: number;
  /** The cores of the load generator. */
  cores: string;
}

/** What a load generator saw. */
export interface Loaded {
  requests: number;
  seconds: number;
  p50Ms: number;
  p99Ms: number;
  failed: number;
}

import { createConfig } from "ponder";

import { jobManagerAbi } from "./abi";

export default createConfig({
    database: { kind: "postgres", connectionString: process.env.DATABASE_URL! },
    chains: { bench: { id: 31337, rpc: process.env.RPC_URL!, disableCache: true } },
    contracts: {
        JobManager: {
            chain: "bench",
            abi: jobManagerAbi,
            address: process.env.CONTRACT as `0x${string}`,
            startBlock: 1,
            endBlock: Number(process.env.END_BLOCK),
        },
    },
});

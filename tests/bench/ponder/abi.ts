export const jobManagerAbi = [
    {
        type: "event",
        name: "JobCreated",
        inputs: [
            { name: "jobId", type: "bytes32", indexed: true },
            { name: "renter", type: "address", indexed: true },
            { name: "provider", type: "address", indexed: true },
            { name: "payment", type: "uint256", indexed: false },
        ],
    },
] as const;

// SPDX-License-Identifier: UNLICENSED
pragma solidity >=0.8.0 <0.9.0;

/// @title A JobManager as somebody else might have written it: for testing only.
/// @notice The interface is that of contracts/JobManager.sol; all that the interface leaves open is different: storage
/// layout, status numbers, revert reasons, what "completed" counts, the answer for an unknown job.
contract ForeignJobManager {
    enum Phase {
        Open,
        Disputed,
        Unknown,
        Settled,
        Missing,
        Accepted
    }

    struct Entry {
        bytes32 jobId;
        address renter;
        address provider;
        uint256 payment;
        Phase status;
        uint256 createdAt;
        uint256 confirmedAt;
    }

    event JobCreated(bytes32 indexed jobId, address indexed renter, address indexed provider, uint256 payment);
    event JobConfirmed(bytes32 indexed jobId, uint256 confirmedAt);
    event PaymentClaimed(bytes32 indexed jobId, address indexed provider, uint256 amount);

    error ReentrancyGuardReentrantCall();

    bool private locked;
    uint256 public totalJobsCompleted;
    Entry[] private entries;
    mapping(bytes32 => uint256) private indexPlusOne;

    function createJob(bytes32 jobId, address providerAddress) external payable {
        require(indexPlusOne[jobId] == 0, "Job already exists");
        require(providerAddress != address(0), "Invalid provider address");
        require(msg.value > 0, "Payment must be greater than 0");
        entries.push(
            Entry(jobId, msg.sender, providerAddress, msg.value, Phase.Open, block.timestamp, 0)
        );
        indexPlusOne[jobId] = entries.length;
        emit JobCreated(jobId, msg.sender, providerAddress, msg.value);
    }

    function confirmResult(bytes32 jobId) external {
        Entry storage entry = find(jobId);
        require(entry.status == Phase.Open, "Job cannot be confirmed");
        require(msg.sender == entry.renter || msg.sender == entry.provider, "Not a party of this job");
        entry.confirmedAt = block.timestamp;
        entry.status = Phase.Accepted;
        emit JobConfirmed(jobId, entry.confirmedAt);
    }

    function claimReward(bytes32 jobId) external {
        if (locked) revert ReentrancyGuardReentrantCall();
        locked = true;
        Entry storage entry = find(jobId);
        require(entry.provider == msg.sender, "Only provider can claim");
        require(entry.status == Phase.Accepted, "Nothing to claim");
        entry.status = Phase.Settled;
        totalJobsCompleted++;
        (bool ok,) = payable(entry.provider).call{value: entry.payment}("");
        require(ok, "Transfer failed");
        emit PaymentClaimed(jobId, entry.provider, entry.payment);
        locked = false;
    }

    function getJobInfo(bytes32 id)
        external
        view
        returns (
            bytes32 jobId,
            address renter,
            address provider,
            uint256 payment,
            uint8 status,
            uint256 createdAt,
            uint256 confirmedAt
        )
    {
        return flat(find(id));
    }

    function jobs(bytes32 id)
        external
        view
        returns (
            bytes32 jobId,
            address renter,
            address provider,
            uint256 payment,
            uint8 status,
            uint256 createdAt,
            uint256 confirmedAt
        )
    {
        if (indexPlusOne[id] == 0) return (0, address(0), address(0), 0, 0, 0, 0);
        return flat(find(id));
    }

    function getJobStatistics() external view returns (uint256 created, uint256 completed, uint256 escrowAmount) {
        created = entries.length;
        completed = totalJobsCompleted;
        escrowAmount = address(this).balance;
    }

    function totalJobsCreated() external view returns (uint256) {
        return entries.length;
    }

    function totalEscrowAmount() external view returns (uint256) {
        return address(this).balance;
    }

    function getTotalEscrowAmount() external view returns (uint256) {
        return address(this).balance;
    }

    function isJobInStatus(bytes32 jobId, uint8 status) external view returns (bool) {
        return indexPlusOne[jobId] != 0 && uint8(find(jobId).status) == status;
    }

    function find(bytes32 jobId) internal view returns (Entry storage) {
        uint256 at = indexPlusOne[jobId];
        require(at != 0, "Job does not exist");
        return entries[at - 1];
    }

    function flat(Entry storage entry)
        internal
        view
        returns (bytes32, address, address, uint256, uint8, uint256, uint256)
    {
        return (
            entry.jobId,
            entry.renter,
            entry.provider,
            entry.payment,
            uint8(entry.status),
            entry.createdAt,
            entry.confirmedAt
        );
    }
}

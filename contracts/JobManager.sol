// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.34;

/// @title Escrow of the compute market's jobs.
/// @notice A renter pays for a job in the same transaction that creates it; the payment leaves the contract once,
/// to the job's provider, after the job was confirmed.
/// @dev The names, types and topics of the public interface are fixed: see README.md. The contract knows a job only
/// by its id, which by Lamda's convention is the SHA-256 of the job's spec.
contract JobManager {
    /// @notice What `status` can be. Readers should rely on `createdAt`, `confirmedAt` and PaymentClaimed instead:
    /// other deployments may number differently.
    uint8 private constant STATUS_NONE = 0;
    uint8 private constant STATUS_CREATED = 1;
    uint8 private constant STATUS_CONFIRMED = 2;
    uint8 private constant STATUS_PAID = 3;

    uint256 private constant NOT_ENTERED = 1;
    uint256 private constant ENTERED = 2;

    /// @dev Three storage slots. The id is the key and needs no slot; 64 bits of seconds outlive the chain.
    struct StoredJob {
        address renter;
        uint64 createdAt;
        uint8 status;
        address provider;
        uint64 confirmedAt;
        uint256 payment;
    }

    /// @notice A job was created and paid for.
    /// @param jobId The job's id, unused before.
    /// @param renter Who paid.
    /// @param provider Who is to run the job.
    /// @param payment What was paid, in wei.
    event JobCreated(bytes32 indexed jobId, address indexed renter, address indexed provider, uint256 payment);

    /// @notice A job's result was accepted. Happens once for each job.
    /// @param jobId The job's id.
    /// @param confirmedAt The block's timestamp, in seconds.
    event JobConfirmed(bytes32 indexed jobId, uint256 confirmedAt);

    /// @notice The provider took the payment. Happens once for each job.
    /// @param jobId The job's id.
    /// @param provider Who was paid.
    /// @param amount What was paid out, in wei.
    event PaymentClaimed(bytes32 indexed jobId, address indexed provider, uint256 amount);

    /// @notice A guarded function was entered again while it ran.
    error ReentrancyGuardReentrantCall();
    /// @notice A job needs a payment above zero.
    error PaymentRequired();
    /// @notice A job needs a provider.
    error InvalidProvider();
    /// @notice This id belongs to another job already.
    error JobAlreadyExists(bytes32 jobId);
    /// @notice No job has this id.
    error JobNotFound(bytes32 jobId);
    /// @notice The caller is neither the job's renter nor its provider (to confirm), or not its provider (to claim).
    error NotAuthorized(bytes32 jobId, address caller);
    /// @notice The job was confirmed before.
    error JobAlreadyConfirmed(bytes32 jobId);
    /// @notice The job is not confirmed yet.
    error JobNotConfirmed(bytes32 jobId);
    /// @notice The payment was claimed before.
    error PaymentAlreadyClaimed(bytes32 jobId);
    /// @notice The provider's address refused the payment.
    error PaymentFailed(bytes32 jobId);

    /// @notice How many jobs were created.
    uint256 public totalJobsCreated;
    /// @notice How many jobs were confirmed.
    uint256 public totalJobsCompleted;
    /// @notice Payments that are not claimed yet, in wei.
    uint256 public totalEscrowAmount;

    mapping(bytes32 jobId => StoredJob) private _jobs;
    uint256 private _guard = NOT_ENTERED;

    modifier nonReentrant() {
        if (_guard == ENTERED) revert ReentrancyGuardReentrantCall();
        _guard = ENTERED;
        _;
        _guard = NOT_ENTERED;
    }

    /// @notice Creates a job; the value sent along is its payment and stays here until it is claimed.
    /// @param jobId The job's id, never used before.
    /// @param providerAddress Who is to run the job and will be paid; not zero.
    function createJob(bytes32 jobId, address providerAddress) external payable {
        if (msg.value == 0) revert PaymentRequired();
        if (providerAddress == address(0)) revert InvalidProvider();
        StoredJob storage job = _jobs[jobId];
        if (job.status != STATUS_NONE) revert JobAlreadyExists(jobId);

        job.renter = msg.sender;
        job.createdAt = uint64(block.timestamp);
        job.status = STATUS_CREATED;
        job.provider = providerAddress;
        job.payment = msg.value;
        totalJobsCreated += 1;
        totalEscrowAmount += msg.value;

        emit JobCreated(jobId, msg.sender, providerAddress, msg.value);
    }

    /// @notice Accepts a job's result, once, by its renter or its provider.
    /// @param jobId The job's id.
    function confirmResult(bytes32 jobId) external {
        StoredJob storage job = _jobs[jobId];
        if (job.status == STATUS_NONE) revert JobNotFound(jobId);
        if (msg.sender != job.renter && msg.sender != job.provider) revert NotAuthorized(jobId, msg.sender);
        if (job.status != STATUS_CREATED) revert JobAlreadyConfirmed(jobId);

        job.status = STATUS_CONFIRMED;
        job.confirmedAt = uint64(block.timestamp);
        totalJobsCompleted += 1;

        emit JobConfirmed(jobId, block.timestamp);
    }

    /// @notice Pays a confirmed job out to its provider, who must be the caller, once.
    /// @param jobId The job's id.
    function claimReward(bytes32 jobId) external nonReentrant {
        StoredJob storage job = _jobs[jobId];
        uint8 status = job.status;
        if (status == STATUS_NONE) revert JobNotFound(jobId);
        if (msg.sender != job.provider) revert NotAuthorized(jobId, msg.sender);
        if (status == STATUS_CREATED) revert JobNotConfirmed(jobId);
        if (status == STATUS_PAID) revert PaymentAlreadyClaimed(jobId);

        uint256 amount = job.payment;
        job.status = STATUS_PAID;
        totalEscrowAmount -= amount;
        emit PaymentClaimed(jobId, msg.sender, amount);

        (bool sent,) = msg.sender.call{value: amount}("");
        if (!sent) revert PaymentFailed(jobId);
    }

    /// @notice A job as it stands; all zero when no job has this id.
    /// @param id The job's id.
    /// @return jobId The id again, or zero.
    /// @return renter Who paid.
    /// @return provider Who runs the job.
    /// @return payment What was paid, in wei; keeps its value after the claim.
    /// @return status 0 none, 1 created, 2 confirmed, 3 paid.
    /// @return createdAt Timestamp of the creating block, in seconds.
    /// @return confirmedAt Timestamp of the confirming block, in seconds, or zero.
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
        return _read(id);
    }

    /// @notice The same as getJobInfo.
    /// @param id The job's id.
    /// @return jobId The id again, or zero.
    /// @return renter Who paid.
    /// @return provider Who runs the job.
    /// @return payment What was paid, in wei; keeps its value after the claim.
    /// @return status 0 none, 1 created, 2 confirmed, 3 paid.
    /// @return createdAt Timestamp of the creating block, in seconds.
    /// @return confirmedAt Timestamp of the confirming block, in seconds, or zero.
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
        return _read(id);
    }

    /// @notice The three totals at once.
    /// @return created How many jobs were created.
    /// @return completed How many jobs were confirmed.
    /// @return escrowAmount Payments that are not claimed yet, in wei.
    function getJobStatistics() external view returns (uint256 created, uint256 completed, uint256 escrowAmount) {
        return (totalJobsCreated, totalJobsCompleted, totalEscrowAmount);
    }

    /// @notice Payments that are not claimed yet.
    /// @return In wei.
    function getTotalEscrowAmount() external view returns (uint256) {
        return totalEscrowAmount;
    }

    /// @notice Whether a job has this status now.
    /// @param jobId The job's id; an unknown job has status 0.
    /// @param status See getJobInfo; any number may be asked for.
    /// @return True when it has.
    function isJobInStatus(bytes32 jobId, uint8 status) external view returns (bool) {
        return _jobs[jobId].status == status;
    }

    function _read(bytes32 id)
        private
        view
        returns (bytes32, address, address, uint256, uint8, uint256, uint256)
    {
        StoredJob storage job = _jobs[id];
        uint8 status = job.status;
        return (
            status == STATUS_NONE ? bytes32(0) : id,
            job.renter,
            job.provider,
            job.payment,
            status,
            job.createdAt,
            job.confirmedAt
        );
    }
}

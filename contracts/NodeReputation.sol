// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.34;

/// @title Register of the compute market's providers and of the jobs that each has completed.
/// @notice Providers register and report themselves; the owner, Lamda's admin wallet, counts their jobs.
/// @dev The names, types and topics of the public interface are fixed: see README.md.
contract NodeReputation {
    /// @notice What a provider has told about itself.
    /// @param gpuModel The GPU's name; may be empty for a node without one.
    /// @param vram The GPU's memory; Lamda's agents write MiB.
    /// @param lastSeen Timestamp of the last registration or heartbeat, in seconds.
    /// @param isRegistered True from the first registration on.
    struct NodeInfo {
        string gpuModel;
        uint256 vram;
        uint256 lastSeen;
        bool isRegistered;
    }

    /// @notice A provider counts as active for this long after its last registration or heartbeat: two heartbeats of
    /// the agent's default interval of five minutes.
    uint256 private constant ACTIVE_WINDOW = 10 minutes;

    /// @notice Longest GPU name, in bytes, so that no provider makes reading the register expensive for others.
    uint256 private constant MAX_GPU_MODEL_BYTES = 128;

    /// @notice A provider registered, or changed its data.
    /// @param provider The provider.
    /// @param gpuModel The GPU's name.
    /// @param vram The GPU's memory.
    event NodeRegistered(address indexed provider, string gpuModel, uint256 vram);

    /// @notice A registered provider reported itself.
    /// @param provider The provider.
    /// @param timestamp The block's timestamp, in seconds.
    event NodeHeartbeat(address indexed provider, uint256 timestamp);

    /// @notice The owner counted one more completed job for a provider.
    /// @param provider The provider.
    /// @param newCount Its count from now on.
    event JobCountIncremented(address indexed provider, uint256 newCount);

    /// @notice The contract has another owner.
    /// @param previousOwner The owner until now; zero at deployment.
    /// @param newOwner The owner from now on; zero when ownership was given up.
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    /// @notice The zero address cannot become the owner.
    error OwnableInvalidOwner(address owner);
    /// @notice Only the owner may do this.
    error OwnableUnauthorizedAccount(address account);
    /// @notice This provider has not registered.
    error NodeNotRegistered(address provider);
    /// @notice The GPU's name is longer than 128 bytes.
    error GpuModelTooLong(uint256 length);

    /// @notice Who may count jobs.
    address public owner;
    /// @notice How many providers have registered.
    uint256 public totalProviders;
    /// @notice A provider's own data.
    mapping(address provider => NodeInfo) public providers;
    /// @notice How many completed jobs were counted for a provider.
    mapping(address provider => uint256) public successfulJobsCount;

    address[] private _providerList;

    modifier onlyOwner() {
        if (msg.sender != owner) revert OwnableUnauthorizedAccount(msg.sender);
        _;
    }

    /// @notice The deployer is the first owner.
    constructor() {
        owner = msg.sender;
        emit OwnershipTransferred(address(0), msg.sender);
    }

    /// @notice Registers the caller as a provider; again, to change its data. Counts as a sign of life.
    /// @param gpuModel The GPU's name, at most 128 bytes.
    /// @param vram The GPU's memory.
    function registerNode(string calldata gpuModel, uint256 vram) external {
        if (bytes(gpuModel).length > MAX_GPU_MODEL_BYTES) revert GpuModelTooLong(bytes(gpuModel).length);
        NodeInfo storage node = providers[msg.sender];
        if (!node.isRegistered) {
            node.isRegistered = true;
            _providerList.push(msg.sender);
            totalProviders += 1;
        }
        node.gpuModel = gpuModel;
        node.vram = vram;
        node.lastSeen = block.timestamp;

        emit NodeRegistered(msg.sender, gpuModel, vram);
    }

    /// @notice Says that the caller, a registered provider, is there.
    function sendHeartbeat() external {
        NodeInfo storage node = providers[msg.sender];
        if (!node.isRegistered) revert NodeNotRegistered(msg.sender);
        node.lastSeen = block.timestamp;

        emit NodeHeartbeat(msg.sender, block.timestamp);
    }

    /// @notice Counts one more completed job for a registered provider. Only by the owner.
    /// @dev Not idempotent: counting each job once is the sender's duty. Calldata after the argument is ignored, and
    /// Lamda puts the job's id there (32 bytes), so that the chain says which job each increment was for.
    /// @param provider The provider.
    function incrementJobs(address provider) external onlyOwner {
        if (!providers[provider].isRegistered) revert NodeNotRegistered(provider);
        uint256 newCount = successfulJobsCount[provider] + 1;
        successfulJobsCount[provider] = newCount;

        emit JobCountIncremented(provider, newCount);
    }

    /// @notice Makes another account the owner. Only by the owner.
    /// @param newOwner Not zero.
    function transferOwnership(address newOwner) external onlyOwner {
        if (newOwner == address(0)) revert OwnableInvalidOwner(address(0));
        _setOwner(newOwner);
    }

    /// @notice Leaves the contract without an owner: no job can be counted any more. Only by the owner.
    function renounceOwnership() external onlyOwner {
        _setOwner(address(0));
    }

    /// @notice A provider's data and count; empty and zero for an unknown one.
    /// @param provider The provider.
    /// @return info Its own data.
    /// @return jobCount How many completed jobs were counted for it.
    function getProviderInfo(address provider) external view returns (NodeInfo memory info, uint256 jobCount) {
        return (providers[provider], successfulJobsCount[provider]);
    }

    /// @notice Whether a provider registered or reported itself in the last ten minutes.
    /// @param provider The provider.
    /// @return True when it did.
    function isProviderActive(address provider) external view returns (bool) {
        return _isActive(provider);
    }

    /// @notice How many providers are active, as isProviderActive says.
    /// @dev Reads two slots for every provider that ever registered (about 4,300 gas each): meant for eth_call, never
    /// for another contract. Lamda itself counts in its database.
    /// @return active The number.
    function getActiveProvidersCount() external view returns (uint256 active) {
        uint256 length = _providerList.length;
        for (uint256 i = 0; i < length; ++i) {
            if (_isActive(_providerList[i])) ++active;
        }
    }

    function _isActive(address provider) private view returns (bool) {
        // An unregistered provider's lastSeen is zero, long ago.
        return block.timestamp <= providers[provider].lastSeen + ACTIVE_WINDOW;
    }

    function _setOwner(address newOwner) private {
        address previousOwner = owner;
        owner = newOwner;
        emit OwnershipTransferred(previousOwner, newOwner);
    }
}

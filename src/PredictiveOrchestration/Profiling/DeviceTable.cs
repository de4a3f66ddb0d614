using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Profiling;

/// <summary>What a circuit becomes on the backends that compile it. Equal entries are equal tables.</summary>
/// <param name="Entries">One for each such backend.</param>
internal sealed record DeviceTable(IReadOnlyList<DeviceEntry> Entries)
{
    public DeviceCounts? Find(string backendId)
    {
        foreach (var entry in Entries)
        {
            if (entry.BackendId == backendId)
            {
                return entry.Counts;
            }
        }

        return null;
    }

    public bool Equals(DeviceTable? other) => other is not null && Entries.SequenceEqual(other.Entries);

    public override int GetHashCode() => Entries.Aggregate(0, HashCode.Combine);
}

/// <summary>One backend's part of a <see cref="DeviceTable"/>.</summary>
internal sealed record DeviceEntry(string BackendId, DeviceCounts Counts);

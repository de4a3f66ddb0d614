namespace PredictiveOrchestration.Simulation.Gpu;

/// <summary>A complex number on the device. Kernels are written once for both precisions; methods are instance methods because the device's compiler resolves them.</summary>
internal interface IAmplitude<T>
    where T : unmanaged
{
    double Re { get; }

    double Im { get; }

    T Make(double re, double im);

    T Times(T other);

    /// <summary>This plus <paramref name="a"/> · <paramref name="b"/>.</summary>
    T PlusProduct(T a, T b);

    T Scaled(double factor);
}

/// <summary>Two 64-bit numbers: the layout of <see cref="System.Numerics.Complex"/>.</summary>
internal readonly struct AmplitudeDouble(double re, double im) : IAmplitude<AmplitudeDouble>
{
    private readonly double _re = re;
    private readonly double _im = im;

    public double Re => _re;

    public double Im => _im;

    public AmplitudeDouble Make(double re, double im) => new(re, im);

    public AmplitudeDouble Times(AmplitudeDouble other) => new(_re * other._re - _im * other._im, _re * other._im + _im * other._re);

    public AmplitudeDouble PlusProduct(AmplitudeDouble a, AmplitudeDouble b) => new(_re + a._re * b._re - a._im * b._im, _im + a._re * b._im + a._im * b._re);

    public AmplitudeDouble Scaled(double factor) => new(_re * factor, _im * factor);
}

/// <summary>Two 32-bit numbers.</summary>
internal readonly struct AmplitudeSingle(float re, float im) : IAmplitude<AmplitudeSingle>
{
    private readonly float _re = re;
    private readonly float _im = im;

    public double Re => _re;

    public double Im => _im;

    public AmplitudeSingle Make(double re, double im) => new((float)re, (float)im);

    public AmplitudeSingle Times(AmplitudeSingle other) => new(_re * other._re - _im * other._im, _re * other._im + _im * other._re);

    public AmplitudeSingle PlusProduct(AmplitudeSingle a, AmplitudeSingle b) => new(_re + a._re * b._re - a._im * b._im, _im + a._re * b._im + a._im * b._re);

    public AmplitudeSingle Scaled(double factor) => new(_re * (float)factor, _im * (float)factor);
}

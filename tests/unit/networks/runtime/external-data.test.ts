import { refuseExternalData } from '../../../../src/networks/runtime/external-data.js';
import { ProtobufWriter } from '../../../factories/onnx/protobuf-writer.js';
import { denseModel, externalDataModel } from '../../../factories/onnx/sample-models.js';

const externalTensor = () =>
  new ProtobufWriter().block(13, new ProtobufWriter().block(1, 'location').block(2, 'w.bin')).integer(14, 1);
/** A model with one node whose attribute is `attribute`. */
const withAttribute = (attribute: ProtobufWriter) =>
  new ProtobufWriter()
    .block(7, new ProtobufWriter().block(1, new ProtobufWriter().block(5, attribute)))
    .finish();

describe('external data', () => {
  it.each<[string, Uint8Array]>([
    ['an initializer', externalDataModel('w.bin')],
    ['a constant node', withAttribute(new ProtobufWriter().block(5, externalTensor()))],
    [
      'the body of a loop',
      withAttribute(new ProtobufWriter().block(6, new ProtobufWriter().block(5, externalTensor()))),
    ],
    [
      'a sparse initializer',
      new ProtobufWriter()
        .block(7, new ProtobufWriter().block(15, new ProtobufWriter().block(1, externalTensor())))
        .finish(),
    ],
    [
      'a function',
      new ProtobufWriter()
        .block(
          25,
          new ProtobufWriter().block(
            7,
            new ProtobufWriter().block(5, new ProtobufWriter().block(5, externalTensor())),
          ),
        )
        .finish(),
    ],
  ])('finds external data in %s', (_where, model) => {
    expect(() => refuseExternalData(model)).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }));
  });

  it('lets self-contained models pass, and broken files on to the parser', () => {
    expect(() => refuseExternalData(denseModel())).not.toThrow();
    expect(() => refuseExternalData(denseModel().slice(0, 70))).not.toThrow();
    expect(() => refuseExternalData(Buffer.from('no model at all'))).not.toThrow();
    expect(() => refuseExternalData(new Uint8Array(1000).fill(255))).not.toThrow();
  });
});
